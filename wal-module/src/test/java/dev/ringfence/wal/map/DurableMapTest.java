package dev.ringfence.wal.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogOptions;
import dev.ringfence.wal.log.MemoryDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableMapTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    @Test
    void whatWasPutIsThereAfterItIsOpenedAgain() {
        try (var map = DurableMap.open(directory)) {
            put(map, "a", 1);
            put(map, "b", 2);
            put(map, "a", 3);
            map.remove("b").await().atMost(PATIENCE);
            put(map, "c", 4);
            assertThat(map.entries()).containsOnlyKeys("a", "c");
        }

        try (var map = DurableMap.open(directory)) {
            assertThat(map.find("a")).contains(value(3));
            assertThat(map.find("b")).isEmpty();
            assertThat(map.entries())
                    .containsExactlyInAnyOrderEntriesOf(java.util.Map.of("a", value(3), "c", value(4)));
        }
    }

    /** It was found out change by change: nothing said that there would be none until a restart. */
    @Test
    void aSyncThatFailedIsTheEndOfAllChangesAndSaysSo() {
        var disk = new MemoryDisk();
        var options = LogOptions.defaults().withSizes(1 << 16, 4096).withStorage(disk);
        try (var map = DurableMap.open(MemoryDisk.ROOT, options, 100)) {
            put(map, "a", 1);
            assertThat(map.health()).isInstanceOf(Health.Writable.class);
            disk.breakWith((operation, _) -> {
                if (operation == MemoryDisk.Operation.SYNC) {
                    throw new IOException("Input/output error");
                }
            });

            assertThatThrownBy(() -> put(map, "a", 2))
                    .isInstanceOfSatisfying(
                            LogException.Failed.class,
                            failed -> assertThat(failed.directory()).isEqualTo(MemoryDisk.ROOT));

            disk.breakWith((_, _) -> {});
            assertThat(map.health())
                    .isInstanceOfSatisfying(
                            Health.Failed.class,
                            failed -> assertThat(failed.reason()).contains("Input/output"));
        }
    }

    @Test
    void manyChangesOfFewEntriesDoNotPileUpAndLoseNothing() throws IOException {
        try (var map = DurableMap.open(directory)) {
            put(map, "kept", 42);
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int writer = 0; writer < 8; writer++) {
                    var key = "key " + writer;
                    threads.execute(() -> {
                        for (int i = 0; i <= 6_000; i++) {
                            put(map, key, i);
                        }
                    });
                }
            }
            await().until(() -> {
                put(map, "key 0", 6_000);
                return bytes() < 4 << 20;
            });
        }

        try (var map = DurableMap.open(directory)) {
            assertThat(map.entries()).hasSize(9).containsEntry("kept", value(42));
            for (int writer = 0; writer < 8; writer++) {
                assertThat(map.find("key " + writer)).contains(value(6_000));
            }
        }
    }

    /** More of them than fit into the log's queue at once: writing them again must neither fail nor refuse anything else. */
    @Test
    void manyEntriesAreChangedForLongAndDoNotPileUpEither() throws IOException {
        int keys = 6_000;
        try (var map = DurableMap.open(directory)) {
            for (int round = 0; round < 20; round++) {
                var changes = new ArrayList<CompletableFuture<?>>();
                for (int key = 0; key < keys; key++) {
                    changes.add(map.put("key " + key, value(round)).subscribeAsCompletionStage());
                    if (changes.size() == 1_000) {
                        changes.forEach(CompletableFuture::join);
                        changes.clear();
                    }
                }
            }
            // All that was put has 9 MiB.
            await().until(() -> bytes() < 6 << 20);
        }

        try (var map = DurableMap.open(directory)) {
            assertThat(map.entries())
                    .hasSize(keys)
                    .allSatisfy((_, value) -> assertThat(value).isEqualTo(value(19)));
        }
    }

    @Test
    void anEntryThatIsTooLargeIsRefusedAndChangesNothing() {
        try (var map = DurableMap.open(directory)) {
            put(map, "a", 1);
            var large = value(1).put("text", "x".repeat(100_000));

            assertThatThrownBy(() -> map.put("a", large).await().atMost(PATIENCE))
                    .isInstanceOf(LogException.BadSize.class);

            assertThat(map.find("a")).contains(value(1));
        }
    }

    private static void put(DurableMap map, String key, int number) {
        map.put(key, value(number)).await().atMost(PATIENCE);
    }

    private static ObjectNode value(int number) {
        return JsonNodeFactory.instance.objectNode().put("number", number);
    }

    private long bytes() throws IOException {
        try (var files = Files.list(directory)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }
}
