package dev.ringfence.api.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
import dev.ringfence.wal.map.DurableMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HealthLogTest {
    private static final Logger LOGGER = Logger.getLogger(HealthLog.class.getName());

    private final Told told = new Told();

    @TempDir
    Path directory;

    @BeforeEach
    void listen() {
        LOGGER.addHandler(told);
    }

    @AfterEach
    void forget() {
        LOGGER.removeHandler(told);
    }

    @Test
    void aFullDiskIsToldOnceAndItsEndOnceAndNeitherAgainAtOnce() {
        var turns = new ArrayList<Health>();
        var log = new HealthLog(new LogObserver() {
            @Override
            public void turned(Path directory, Health now) {
                turns.add(now);
            }
        });

        for (int i = 0; i < 3; i++) {
            log.turned(directory, new Health.Full("no room"));
            log.turned(directory, new Health.Full("no room"));
            log.turned(directory, new Health.Writable());
        }
        log.turned(directory, new Health.Closed());

        assertThat(told.levels).containsExactly("WARN", "INFO");
        assertThat(turns).hasSize(10);
    }

    /** Readiness went down while the service ran, and no line of its log said so. */
    @Test
    void aDiskThatFillsUpWhileTheServiceRunsIsToldAndSoIsThatThereIsRoomAgain() throws Exception {
        var disk = Files.createDirectory(directory.resolve("disk"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString()),
                "a disk that can be full needs the right to mount one");
        try (var map = DurableMap.open(disk.resolve("map"), new HealthLog(LogObserver.none()))) {
            var ballast = disk.resolve("ballast");
            var _ = run("sh", "-c", "cat /dev/zero > " + ballast);
            var value = JsonNodeFactory.instance.objectNode().put("text", "x".repeat(10_000));
            Awaitility.await().until(() -> refused(map, value));
            assertThat(told.levels).containsExactly("WARN");

            Files.delete(ballast);
            Awaitility.await().until(() -> told.levels.size() == 2);
            assertThat(told.levels).containsExactly("WARN", "INFO");
        } finally {
            run("umount", "--lazy", disk.toString());
        }
    }

    private static boolean refused(DurableMap map, ObjectNode value) {
        try {
            var _ = map.put("key", value).await().indefinitely();
            return false;
        } catch (LogException.NoSpace e) {
            return true;
        }
    }

    private static boolean run(String... command) throws Exception {
        return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    }

    private static final class Told extends Handler {
        private final List<String> levels = new CopyOnWriteArrayList<>();

        @Override
        public void publish(LogRecord said) {
            levels.add(said.getLevel().getName());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
