package dev.ringfence.wal.map;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.log.Faults;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogOptions;
import dev.ringfence.wal.log.MemoryDisk;
import dev.ringfence.wal.log.Plan;
import dev.ringfence.wal.log.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Faults at any operation of a map's disk, most of them while it is compacted: that begins after every few changes here.
 * The map's threads are its own, so a seed decides what is done and at which operation the fault comes, not what else is
 * under way then.
 */
class DurableMapFaultsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final LogOptions OPTIONS = LogOptions.defaults().withSizes(1 << 11, 512);
    private static final int SOME = 25;

    @ParameterizedTest
    @EnumSource(
            value = Plan.Kind.class,
            names = {"KILLED", "POWER_LOST", "BROKEN", "FULL", "TOO_MANY_FILES"})
    void whateverHappensAtAnyOperationNoChangeThatWasAcknowledgedIsLost(Plan.Kind kind) {
        var all = new Lives(1);
        all.live(Plan.NOTHING);
        all.live(new Plan(Plan.Kind.NOTHING, kind.operations(), 0, 1));
        assertThat(all.operations).isPositive();
        for (int at : Faults.points(all.operations, SOME)) {
            var lives = new Lives(1);
            lives.live(Plan.NOTHING);
            lives.live(new Plan(kind, kind.operations(), at, 1 + at % 3));
            lives.live(Plan.NOTHING);
        }
    }

    @Test
    void whateverGoesWrongInSeveralLivesEachKeyHasTheValueItWasGivenLast() {
        Faults.forEachSeed(60, 5_000, seed -> {
            var lives = new Lives(seed);
            for (int left = 1 + lives.luck.nextInt(4); left > 0; left--) {
                lives.live(Plan.random(lives.luck, 150));
            }
        });
    }

    /** The lives of one map on a disk in memory, each followed by a judgement. */
    private static final class Lives {
        private final Random luck;
        /** What each key may be found to hold; null is that it is not there. */
        private final Map<String, List<@Nullable ObjectNode>> possible = new HashMap<>();

        private MemoryDisk disk = new MemoryDisk();
        private int operations;
        private int number;

        Lives(long seed) {
            luck = new Random(seed * 0x9E37_79B9_7F4A_7C15L);
        }

        void live(Plan plan) {
            var world = new World(disk, plan, luck);
            disk.breakWith(world);
            try (var map = open()) {
                for (int rounds = 10 + luck.nextInt(20); rounds > 0 && !world.isDead(); rounds--) {
                    change(map);
                }
            } catch (LogException e) {
                assertThat(plan.kind()).isNotEqualTo(Plan.Kind.NOTHING);
            }
            operations = world.operations();
            disk = world.left();
            disk.breakWith((_, _) -> {});
            judge();
        }

        private DurableMap open() {
            return DurableMap.open(MemoryDisk.ROOT, OPTIONS.withStorage(disk), 12);
        }

        /** Some at a time, of few keys, so that several of one key are under way. */
        private void change(DurableMap map) {
            record Change(String key, @Nullable ObjectNode value, CompletableFuture<?> done) {}
            var changes = new ArrayList<Change>();
            for (int i = luck.nextInt(8); i >= 0; i--) {
                var key = "key " + luck.nextInt(10);
                var value = luck.nextInt(4) == 0
                        ? null
                        : JsonNodeFactory.instance
                                .objectNode()
                                .put("number", number++)
                                .put("text", "x".repeat(luck.nextInt(80)));
                var done = value == null ? map.remove(key) : map.put(key, value);
                changes.add(new Change(key, value, done.subscribeAsCompletionStage()));
            }
            for (var change : changes) {
                var values =
                        possible.computeIfAbsent(change.key, _ -> new ArrayList<>(Collections.singletonList(null)));
                try {
                    var _ = change.done
                            .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                            .join();
                    values.clear();
                    values.add(change.value);
                } catch (RuntimeException e) {
                    if (!(e.getCause() instanceof LogException.NoSpace)) {
                        assertThat(e).hasCauseInstanceOf(LogException.class);
                        values.add(change.value);
                    }
                }
            }
        }

        /** What is there now is what will be there. */
        private void judge() {
            try (var map = open()) {
                var found = map.entries();
                assertThat(possible.keySet()).containsAll(found.keySet());
                possible.forEach((key, values) -> {
                    var value = found.get(key);
                    assertThat(values).as(key).contains(value);
                    values.clear();
                    values.add(value);
                });
            }
        }
    }
}
