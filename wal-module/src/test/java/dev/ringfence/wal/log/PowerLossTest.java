package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The oracle of all: what was acknowledged is recovered, what is recovered was submitted, in order. */
class PowerLossTest {
    @TempDir
    Path scratch;

    private int directories;

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 1})
    void aPowerLossBeforeAnyOperationLosesNothingAcknowledged(double survival) throws IOException {
        var points = 0;
        for (var more = true; more; points++) {
            var before = fresh();
            var run = new Run(before, points, survival);
            run.writeUntilThePowerGoes();
            more = run.lost;

            var recovered = Logs.recover(run.left).texts();

            assertBegins("submitted with recovered, point " + points, run.submitted, recovered);
            assertBegins("recovered with acknowledged, point " + points, recovered, run.acknowledged);
            recoverThroughAnotherLoss(run.left, recovered, survival, points);
        }
        assertThat(points).isGreaterThan(24);
    }

    @Test
    void whatARecoveryHasReplayedIsDurableOnceItReturns() throws IOException {
        // Given a record that was written but not synced when its process died
        var directory = fresh();
        var disk = new VolatileDisk(directory);
        var storage = new FaultyStorage(disk);
        try (var log = Logs.open(directory, storage)) {
            storage.breakWith((operation, file) -> {
                if (operation == FaultyStorage.Operation.SYNC) {
                    throw new IOException("Killed");
                }
            });
            assertThat(Logs.start(log, "record")).failsWithin(Duration.ofMinutes(2));
        }

        var replayed = new AtomicInteger();
        SegmentedLog.recover(directory, Logs.SMALL, disk, (sequence, time, payload) -> replayed.incrementAndGet())
                .log()
                .close();
        var left = fresh();
        disk.loseInto(left, new Random(1), 0);

        assertThat(replayed).hasValue(1);
        assertThat(Logs.recover(left).texts()).containsExactly("record");
    }

    /** Otherwise frames of it could stand behind newer, shorter ones after the next loss, and stop the start. */
    @Test
    void aTornTailDoesNotComeBackOnceARecoveryHasCutItOff() throws IOException {
        var directory = fresh();
        Logs.write(directory, "record");
        var segment = Logs.segment(directory, 1);
        var torn = Files.readAllBytes(segment);
        torn[Logs.offsets(segment).getLast() + 100] = 7;
        Files.write(segment, torn);
        var disk = new VolatileDisk(directory);

        Logs.open(directory, disk).close();
        var left = fresh();
        disk.loseInto(left, new Random(1), 0);

        assertThat(Logs.recover(left)).isEqualTo(new Logs.Recovered(List.of("record"), new Tail.Clean()));
    }

    /** A recovery that loses the power, too, at one of its operations, must leave a log that recovers to the same. */
    private void recoverThroughAnotherLoss(Path left, List<String> expected, double survival, int seed)
            throws IOException {
        var point = seed % 7;
        var run = new Run(copy(left), point, survival);
        run.recoverUntilThePowerGoes();

        assertThat(Logs.recover(run.left).texts()).as("point %d", seed).isEqualTo(expected);
    }

    private static void assertBegins(String what, List<String> all, List<String> beginning) {
        assertThat(all.subList(0, Math.min(all.size(), beginning.size())))
                .as(what)
                .isEqualTo(beginning);
    }

    private Path fresh() throws IOException {
        return Files.createDirectory(scratch.resolve("run-" + directories++));
    }

    private Path copy(Path from) throws IOException {
        var to = fresh();
        try (var files = Files.list(from)) {
            for (var file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }

    /** One life of a log on a disk whose power goes just before an operation. */
    private final class Run {
        private final Path directory;
        private final Path left = fresh();
        private final FaultyStorage storage;
        private final List<String> submitted = new ArrayList<>();
        private final List<String> acknowledged = new ArrayList<>();
        private boolean lost;

        Run(Path directory, int point, double survival) throws IOException {
            this.directory = directory;
            var disk = new VolatileDisk(directory);
            var luck = new Random(point);
            var operations = new AtomicInteger();
            storage = new FaultyStorage(disk);
            storage.breakWith((operation, file) -> {
                if (lost) {
                    throw new IOException("No power");
                }
                if (operations.getAndIncrement() == point) {
                    lost = true;
                    disk.loseInto(left, luck, survival);
                    throw new IOException("The power goes");
                }
            });
        }

        void writeUntilThePowerGoes() throws IOException {
            try (var log = Logs.open(directory, storage)) {
                for (int i = 0; i < 12; i++) {
                    appendSome(log, i);
                }
            } catch (LogException.Failed e) {
                assertThat(lost).isTrue();
            }
            keepAllIfThePowerStayed();
        }

        void recoverUntilThePowerGoes() throws IOException {
            try {
                Logs.open(directory, storage).close();
            } catch (LogException.Failed e) {
                assertThat(lost).isTrue();
            }
            keepAllIfThePowerStayed();
        }

        /** Several at a time, so that groups of more than one record are lost, too. */
        private void appendSome(WriteAheadLog log, int round) {
            var texts = new ArrayList<String>();
            var appends = new ArrayList<CompletableFuture<Long>>();
            for (int i = 0; i <= round % 4; i++) {
                var text = "record " + round + "." + i + " " + "x".repeat(round % 10 * 90);
                texts.add(text);
                submitted.add(text);
                appends.add(Logs.start(log, text));
            }
            for (int i = 0; i < texts.size(); i++) {
                if (appends.get(i)
                        .handle((sequence, failure) -> failure == null)
                        .join()) {
                    acknowledged.add(texts.get(i));
                }
            }
        }

        private void keepAllIfThePowerStayed() throws IOException {
            if (!lost) {
                for (var file : Logs.snapshot(directory).keySet()) {
                    Files.copy(directory.resolve(file), left.resolve(file));
                }
            }
        }
    }
}
