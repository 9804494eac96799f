package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.wal.log.FaultyStorage.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Segments of three records of a kilobyte: the first begins with record 1, the second with 4, and so on. */
class RetentionTest {
    private static final List<String> TEXTS =
            IntStream.rangeClosed(1, 14).mapToObj(i -> i + "x".repeat(1000)).toList();

    @TempDir
    Path directory;

    @Test
    void wholeSegmentsBeforeARecordAreDiscardedAndTheRestIsRecovered() throws IOException {
        try (var log = Logs.open(directory)) {
            TEXTS.forEach(text -> Logs.append(log, text));

            assertThat(log.discardBefore(3)).isEqualTo(1);
            assertThat(log.discardBefore(9)).isEqualTo(7);

            assertThat(log.firstSequence()).isEqualTo(7);
            assertThat(log.segments())
                    .containsExactly(
                            new Segment(3, 7, Logs.SEGMENT),
                            new Segment(4, 10, Logs.SEGMENT),
                            new Segment(5, 13, Logs.SEGMENT));
            assertThat(Logs.append(log, "more")).isEqualTo(15);
        }
        assertThat(Logs.segment(directory, 2)).doesNotExist();
        assertThat(recover(7)).startsWith(TEXTS.get(6)).hasSize(9).endsWith("more");
        assertThat(recover(16)).isEmpty();
    }

    @Test
    void segmentsThatAreDiscardedWhileTheyAreLookedAtAreNotMissing() throws IOException {
        try (var log = Logs.open(directory)) {
            TEXTS.forEach(text -> Logs.append(log, text));
            var discarded = new ArrayList<Long>();
            var busy = new ForwardingStorage(Storage.disk()) {
                @Override
                public List<String> list(Path path) throws IOException {
                    if (discarded.isEmpty()) {
                        discarded.add(log.discardBefore(9));
                    }
                    return super.list(path);
                }
            };

            var kept = KeptSegments.of(new SegmentDirectory(directory, busy));

            assertThat(discarded).containsExactly(7L);
            assertThat(kept.first()).isEqualTo(3);
            assertThat(kept.last()).isEqualTo(5);
        }
    }

    @Test
    void theNewestRecordIsAlwaysKept() {
        try (var log = Logs.open(directory)) {
            TEXTS.forEach(text -> Logs.append(log, text));
            assertThat(log.discardBefore(Long.MAX_VALUE)).isEqualTo(13);
            assertThat(Logs.await(log.append(new Payload() {
                        @Override
                        public int size() {
                            return 3;
                        }

                        @Override
                        public byte[] after(byte[] previous) {
                            assertThat(new String(previous, StandardCharsets.UTF_8))
                                    .isEqualTo(TEXTS.getLast());
                            return Logs.bytes("new");
                        }
                    })))
                    .isEqualTo(15);
        }
    }

    @Test
    void aRecoveryFromTheMiddleReadsOnlyWhatItNeeds() throws IOException {
        Logs.write(directory, TEXTS.toArray(String[]::new));
        damage(Logs.segment(directory, 1));

        assertThat(recover(8)).isEqualTo(TEXTS.subList(7, 14));
        assertThatThrownBy(() -> recover(1)).isInstanceOf(LogException.Corrupt.class);
    }

    @Test
    void aRecoveryFromARecordThatTheLogCannotFollowIsRefused(@TempDir Path empty) throws IOException {
        Logs.write(directory, TEXTS.toArray(String[]::new));
        var before = Logs.snapshot(directory);

        assertThatThrownBy(() -> recover(16))
                .isInstanceOf(LogException.Corrupt.class)
                .hasMessageContaining("ends with record 14")
                .hasMessageContaining("held record 15");
        assertThatThrownBy(() -> recoverIn(empty, 2))
                .isInstanceOf(LogException.Corrupt.class)
                .hasMessageContaining("held record 1");
        assertThat(Logs.snapshot(directory)).isEqualTo(before);
    }

    @Test
    void discardedRecordsAreNamedAsSuch() {
        discardUpTo(9);

        assertThatThrownBy(() -> recover(1))
                .isInstanceOfSatisfying(
                        LogException.Discarded.class,
                        e -> assertThat(e.firstSequence()).isEqualTo(7));
        assertThatThrownBy(() -> read(6)).isInstanceOf(LogException.Discarded.class);
        assertThat(read(7)).isEqualTo(TEXTS.subList(6, 14));
        assertThat(read(0)).isEqualTo(TEXTS.subList(6, 14));
    }

    @Test
    void aSegmentThatIsMissingBehindTheDiscardedOnesIsStillNoticed() throws IOException {
        discardUpTo(9);
        Files.delete(Logs.segment(directory, 3));

        assertThatThrownBy(() -> recover(10))
                .isInstanceOf(LogException.Corrupt.class)
                .hasMessageContaining(Logs.segment(directory, 3).toString())
                .hasMessageContaining("missing");
    }

    @Test
    void aFirstSegmentOfAnotherLogIsRefused(@TempDir Path other) throws IOException {
        discardUpTo(9);
        Logs.write(other, TEXTS.stream().map(text -> text + "y").toArray(String[]::new));
        Files.write(Logs.segment(directory, 3), Files.readAllBytes(Logs.segment(other, 3)));

        assertThatThrownBy(() -> recover(10))
                .isInstanceOf(LogException.Corrupt.class)
                .hasMessageContaining("not the one that the log begins with");
    }

    @Test
    void aLostOrDamagedBeginningIsRefused() throws IOException {
        discardUpTo(9);
        var start = directory.resolve("log.start");
        var intact = Files.readAllBytes(start);
        for (int at = 0; at < intact.length; at++) {
            var damaged = intact.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            Files.write(start, damaged);
            assertThatThrownBy(() -> recover(10))
                    .isInstanceOf(LogException.Corrupt.class)
                    .hasMessageContaining(start.toString());
        }
        Files.delete(start);
        assertThatThrownBy(() -> recover(10))
                .isInstanceOf(LogException.Corrupt.class)
                .hasMessageContaining(Logs.segment(directory, 1) + " at offset 0: the segment is missing");
    }

    @Test
    void aReaderKeepsTheSegmentThatItReadsAndIsToldThatTheNextIsGone() {
        try (var log = Logs.open(directory)) {
            TEXTS.forEach(text -> Logs.append(log, text));
            var seen = new ArrayList<Long>();

            assertThatThrownBy(() -> WriteAheadLog.read(directory, 4, (sequence, time, payload) -> {
                        seen.add(sequence);
                        log.discardBefore(13);
                        return true;
                    }))
                    .isInstanceOfSatisfying(
                            LogException.Discarded.class,
                            e -> assertThat(e.firstSequence()).isEqualTo(13));
            assertThat(seen).containsExactly(4L, 5L, 6L);
        }
    }

    @Test
    void aDiscardingThatWasCutShortIsFinishedByTheNextRecovery() throws IOException {
        for (int point = 0; point < 20; point++) {
            var storage = new FaultyStorage();
            var run = directory.resolve("run-" + point);
            Logs.write(run, TEXTS.toArray(String[]::new));
            Files.writeString(run.resolve(Logs.segment(run, 1).getFileName() + ".torn-64-0badcafe"), "cut off");
            try (var log = Logs.open(run, storage)) {
                var left = new int[] {point};
                storage.breakWith((operation, file) -> {
                    if (left[0]-- <= 0) {
                        throw new IOException("Killed");
                    }
                });
                try {
                    log.discardBefore(9);
                } catch (LogException.Failed e) {
                    assertThat(log.health()).isInstanceOf(Health.Failed.class);
                    assertThatThrownBy(() -> Logs.append(log, "late")).isInstanceOf(LogException.Failed.class);
                }
            }
            var first = recoverIn(run, 9).size() == 6 && !Files.exists(run.resolve("log.start")) ? 1 : 7;
            assertThat(recoverIn(run, first)).isEqualTo(TEXTS.subList(first - 1, 14));
            assertThat(Logs.snapshot(run).keySet())
                    .as("point %d", point)
                    .hasSize(first == 1 ? 6 : 4)
                    .noneMatch(name -> name.endsWith(".tmp"));
        }
    }

    @Test
    void whatWasDiscardedStaysAwayAfterAPowerLoss() {
        var disk = new MemoryDisk();
        try (var log = Logs.open(Simulation.DIRECTORY, disk)) {
            TEXTS.forEach(text -> Logs.append(log, text));
            log.discardBefore(9);
        }
        assertThat(disk.afterPowerLoss(new Random(1), 0).content())
                .containsKeys(Logs.segment(Simulation.DIRECTORY, 3))
                .doesNotContainKeys(Logs.segment(Simulation.DIRECTORY, 1), Logs.segment(Simulation.DIRECTORY, 2));
    }

    @Test
    void aFullDiskRefusesToDiscardAndTheLogGoesOn() {
        var storage = new FaultyStorage();
        Logs.write(directory, TEXTS.toArray(String[]::new));
        try (var log = Logs.open(directory, storage)) {
            storage.breakWith((operation, file) -> {
                if (operation == Operation.CREATE) {
                    throw new IOException("No space left on device");
                }
            });
            assertThatThrownBy(() -> log.discardBefore(9)).isInstanceOf(LogException.NoSpace.class);
            storage.heal();
            assertThat(Logs.append(log, "more")).isEqualTo(15);
            assertThat(log.discardBefore(9)).isEqualTo(7);
        }
    }

    @Test
    void aClosedLogDiscardsNothing() {
        var log = Logs.open(directory);
        log.close();
        assertThatThrownBy(() -> log.discardBefore(9)).isInstanceOf(LogException.Closed.class);
    }

    @Test
    void everyRecordIsFoundWhereverItStands() {
        var texts = IntStream.rangeClosed(1, 3000)
                .mapToObj(i -> i + "y".repeat(i * 37 % 900))
                .toList();
        var options = LogOptions.defaults().withSizes(1 << 18, 1024).withAcknowledgements(Runnable::run);
        try (var log = WriteAheadLog.recover(directory, options, (sequence, time, payload) -> {})
                .log()) {
            for (var text : texts) {
                var _ = Logs.start(log, text);
            }
        }
        for (int sequence = 1; sequence <= texts.size(); sequence++) {
            var found = new ArrayList<String>();
            WriteAheadLog.read(directory, sequence, (at, time, payload) -> {
                found.add(at + ":" + new String(payload, StandardCharsets.UTF_8));
                return false;
            });
            assertThat(found).containsExactly(sequence + ":" + texts.get(sequence - 1));
        }
    }

    private void discardUpTo(long sequence) {
        Logs.write(directory, TEXTS.toArray(String[]::new));
        try (var log = Logs.open(directory)) {
            log.discardBefore(sequence);
        }
    }

    private List<String> recover(long from) {
        return recoverIn(directory, from);
    }

    private static List<String> recoverIn(Path where, long from) {
        var texts = new ArrayList<String>();
        WriteAheadLog.recover(where, Logs.SMALL, from, (sequence, time, payload) -> {
                    assertThat(sequence).isEqualTo(from + texts.size());
                    texts.add(new String(payload, StandardCharsets.UTF_8));
                })
                .log()
                .close();
        return texts;
    }

    private List<String> read(long from) {
        var texts = new ArrayList<String>();
        WriteAheadLog.read(
                directory, from, (sequence, time, payload) -> texts.add(new String(payload, StandardCharsets.UTF_8)));
        return texts;
    }

    private static void damage(Path file) throws IOException {
        var content = Files.readAllBytes(file);
        content[100] ^= 1;
        Files.write(file, content);
    }
}
