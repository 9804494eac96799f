package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.wal.log.FaultyStorage.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FailureTest {
    private static final String BROKEN = "Input/output error";
    private static final String FULL = "No space left on device";
    private static final String KILOBYTE = "x".repeat(1000);

    @TempDir
    Path directory;

    private final FaultyStorage storage = new FaultyStorage();

    @Test
    void aFailedSyncIsFinalAndNothingIsAcknowledgedAfterIt() {
        try (var log = Logs.open(directory, storage)) {
            Logs.append(log, "durable");
            breakOn(Operation.SYNC, BROKEN);
            assertFails(log, LogException.Failed.class, "Input/output error");
            storage.heal();
            var operations = storage.count(Operation.WRITE) + storage.count(Operation.SYNC);

            assertFails(log, LogException.Failed.class, "Input/output error");

            assertThat(log.health())
                    .isInstanceOfSatisfying(
                            Health.Failed.class,
                            failed -> assertThat(failed.reason()).contains("Input/output error"));
            assertThat(storage.count(Operation.WRITE) + storage.count(Operation.SYNC))
                    .isEqualTo(operations);
            assertThat(log.lastSequence()).isEqualTo(1);
        }
        assertThat(Logs.recover(directory).texts()).startsWith("durable");
    }

    @Test
    void afterAFailureNothingIsQueuedAnyMoreAndTheWriterEnds() {
        try (var log = Logs.open(directory, storage)) {
            breakOn(Operation.SYNC, BROKEN);
            assertFails(log, LogException.Failed.class, "Input/output error");

            await().until(() -> Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().equals("wal-writer-" + directory.getFileName())));
            assertFails(log, LogException.Failed.class, "Input/output error");
        }
    }

    @Test
    void everythingThatWaitsFailsWithTheSync() {
        try (var log = Logs.open(directory, storage)) {
            var queued = new CountDownLatch(1);
            storage.breakWith((operation, file) -> {
                if (operation == Operation.SYNC) {
                    await().until(() -> queued.getCount() == 0);
                    throw new IOException(BROKEN);
                }
            });
            var first = Logs.start(log, "first");
            var second = Logs.start(log, "second");
            queued.countDown();

            await().until(() -> first.isDone() && second.isDone());
            assertThat(first).isCompletedExceptionally();
            assertThat(second).isCompletedExceptionally();
        }
    }

    @Test
    void aFailedWriteIsFinal() {
        try (var log = Logs.open(directory, storage)) {
            breakOn(Operation.WRITE, BROKEN);
            assertFails(log, LogException.Failed.class, "Input/output error");
            storage.heal();
            assertFails(log, LogException.Failed.class, "Input/output error");
        }
        assertThat(Logs.recover(directory).texts()).isEmpty();
    }

    @Test
    void aFailedDirectorySyncAtRotationIsFinal() {
        try (var log = Logs.open(directory, storage)) {
            fill(log);
            breakOn(Operation.SYNC_DIRECTORY, BROKEN);
            assertFails(log, LogException.Failed.class, "Input/output error");
        }
        assertThat(Logs.recover(directory).texts()).containsExactly(KILOBYTE, KILOBYTE, KILOBYTE);
    }

    @ParameterizedTest
    @EnumSource(names = {"CREATE", "WRITE", "SYNC", "OPEN_DIRECTORY", "RENAME"})
    void aFullDiskAtRotationFailsThatAppendAndTheLogGoesOnOnceThereIsRoom(Operation operation) throws IOException {
        Logs.write(directory);
        try (var log = Logs.open(directory, storage)) {
            breakNextSegmentOn(operation, FULL);
            fill(log);
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> Logs.append(log, KILOBYTE))
                        .isInstanceOf(LogException.NoSpace.class)
                        .hasMessageContaining("No space left on device");
                assertThat(log.health()).isInstanceOf(Health.Full.class);
                assertThat(Logs.snapshot(directory)).hasSize(1);
            }
            assertThat(Logs.append(log, "small")).isEqualTo(4);
            assertThat(log.health()).isEqualTo(new Health.Writable());
            storage.heal();
            assertThat(Logs.append(log, KILOBYTE)).isEqualTo(5);
        }
        assertThat(Logs.recover(directory).texts()).containsExactly(KILOBYTE, KILOBYTE, KILOBYTE, "small", KILOBYTE);
    }

    /** Whoever tries again and again once wrote a whole segment of zeros each time, and with it filled the disk for all. */
    @Test
    void whileTheDiskSaysThatItIsFullNoAppendFillsIt() {
        Logs.write(directory);
        try (var log = Logs.open(directory, storage)) {
            breakNextSegmentOn(Operation.WRITE, FULL);
            storage.claimUsable(Logs.SEGMENT - 1);
            fill(log);
            assertFails(log, LogException.NoSpace.class, FULL);
            var created = storage.count(Operation.CREATE);

            for (int i = 0; i < 5; i++) {
                assertFails(log, LogException.NoSpace.class, FULL);
            }

            assertThat(storage.count(Operation.CREATE)).isEqualTo(created);
            storage.heal();
            assertThat(Logs.append(log, KILOBYTE)).isEqualTo(4);
        }
    }

    @Test
    void aNewLogWithoutRoomDoesNotFillTheDiskEither() {
        breakOn(Operation.WRITE, FULL);
        storage.claimUsable(Logs.SEGMENT - 1);
        try (var log = Logs.open(directory, storage)) {
            var created = storage.count(Operation.CREATE);

            for (int i = 0; i < 5; i++) {
                assertFails(log, LogException.NoSpace.class, FULL);
            }

            assertThat(storage.count(Operation.CREATE)).isEqualTo(created);
            storage.heal();
            assertThat(Logs.append(log, "first")).isEqualTo(1);
        }
    }

    @Test
    void aNextSegmentThatCannotBeSyncedEndsTheWritingBeforeItIsNeeded() {
        Logs.write(directory);
        try (var log = Logs.open(directory, storage)) {
            breakNextSegmentOn(Operation.SYNC, BROKEN);
            Logs.append(log, KILOBYTE);
            Logs.append(log, KILOBYTE);
            await().until(() -> log.health() instanceof Health.Failed);
            assertFails(log, LogException.Failed.class, BROKEN);
        }
        assertThat(Logs.recover(directory).texts()).containsExactly(KILOBYTE, KILOBYTE);
    }

    @Test
    void anInterruptedCallerDisturbsNeitherDiscardingNorClosing() {
        var log = Logs.open(directory, storage);
        fill(log);
        fill(log);
        Thread.currentThread().interrupt();
        assertThat(log.discardBefore(6)).isEqualTo(4);
        assertThat(log.health()).isEqualTo(new Health.Writable());
        log.close();
        assertThat(Thread.interrupted()).isTrue();
    }

    private void breakNextSegmentOn(Operation broken, String failure) {
        storage.breakWith((operation, file) -> {
            var ofNext = file.equals(directory)
                    || file.toString().endsWith(".tmp")
                    || file.equals(Logs.segment(directory, 2));
            if (operation == broken && ofNext) {
                throw new IOException(failure);
            }
        });
    }

    @Test
    void aFullDiskWithinASegmentTakesTheRecordBack() {
        try (var log = Logs.open(directory, storage)) {
            Logs.append(log, "before");
            fillUpAfterTheNextWrite();
            assertFails(log, LogException.NoSpace.class, "No space left on device");
        }
        assertThat(Logs.recover(directory)).isEqualTo(new Logs.Recovered(List.of("before"), new Tail.Clean()));
    }

    @Test
    void aRecordIsTakenBackDurablyBeforeItIsRefused() {
        try (var log = Logs.open(directory, storage)) {
            var operations = new ArrayList<Operation>();
            storage.breakWith((operation, file) -> operations.add(operation));
            fillUpAfterTheNextWrite();
            assertFails(log, LogException.NoSpace.class, "No space left on device");

            // Otherwise what the kernel wrote back meanwhile could come back after a power loss.
            assertThat(operations).startsWith(Operation.WRITE, Operation.WRITE, Operation.SYNC);
        }
    }

    @Test
    void appendingGoesOnWhereARecordWasTakenBack() {
        try (var log = Logs.open(directory, storage)) {
            Logs.append(log, "before");
            fillUpAfterTheNextWrite();
            assertFails(log, LogException.NoSpace.class, "No space left on device");

            assertThat(Logs.append(log, "after")).isEqualTo(2);
        }
        assertThat(Logs.recover(directory).texts()).containsExactly("before", "after");
    }

    private void fillUpAfterTheNextWrite() {
        var failed = new AtomicBoolean();
        storage.breakAfterWriteWith((operation, file) -> {
            if (failed.compareAndSet(false, true)) {
                throw new IOException(FULL);
            }
        });
    }

    @Test
    void aFullDiskWithinASegmentThatCannotBeClearedIsFinal() {
        try (var log = Logs.open(directory, storage)) {
            breakOn(Operation.WRITE, FULL);
            assertFails(log, LogException.Failed.class, "No space left on device");
        }
    }

    @Test
    void aNewLogWithoutRoomStartsAndIsMadeOnceThereIsRoomAlsoWhenNobodyAppends() {
        breakOn(Operation.WRITE, FULL);
        try (var log = Logs.open(directory, storage)) {
            assertFails(log, LogException.NoSpace.class, "No space left on device");
            assertThat(log.health()).isInstanceOf(Health.Full.class);
            assertThat(log.lastSequence()).isZero();
            assertThat(log.segments()).isEmpty();
            assertThat(log.discardBefore(1)).isEqualTo(1);
            storage.heal();

            await().until(() -> log.health() instanceof Health.Writable);

            assertThat(Logs.append(log, "first")).isEqualTo(1);
        }
        assertThat(Logs.recover(directory).texts()).containsExactly("first");
    }

    @Test
    void aTornTailThatCannotBeKeptForLackOfRoomIsCutOnceThereIsRoom() throws IOException {
        Logs.write(directory, "kept");
        var segment = Logs.segment(directory, 1);
        var torn = Files.readAllBytes(segment);
        torn[Logs.offsets(segment).getLast() + 100] = 7;
        Files.write(segment, torn);
        breakOn(Operation.CREATE, FULL);
        try (var log = Logs.open(directory, storage)) {
            assertFails(log, LogException.NoSpace.class, "No space left on device");
            assertThat(log.lastSequence()).isEqualTo(1);
            assertThat(Files.readAllBytes(segment)).isEqualTo(torn);
            storage.heal();

            assertThat(Logs.append(log, "next")).isEqualTo(2);

            assertThat(log.health()).isEqualTo(new Health.Writable());
        }
        assertThat(Logs.snapshot(directory).keySet()).anyMatch(name -> name.contains(".torn-"));
        assertThat(Logs.recover(directory)).isEqualTo(new Logs.Recovered(List.of("kept", "next"), new Tail.Clean()));
    }

    @Test
    void theCopyOfATornTailIsWholeAlsoWhenItsRemovalFoundNoRoomAtFirst() throws IOException {
        // Given a tail that is longer than what is read at once
        var options = Logs.SMALL.withSizes(4 << 20, 1024);
        open(options, new DiskStorage()).close();
        var segment = Logs.segment(directory, 1);
        var torn = Files.readAllBytes(segment);
        torn[SegmentHeader.SIZE + 100] = 7;
        torn[SegmentHeader.SIZE + 2 * SegmentScan.WHOLE] = 7;
        Files.write(segment, torn);
        storage.breakAfterWriteWith((operation, file) -> {
            if (file.equals(segment) && storage.count(Operation.RENAME) > 0) {
                throw new IOException(FULL);
            }
        });

        // When the removal has begun, finds no room, and is begun once more
        try (var log = open(options, storage)) {
            assertThat(log.health()).isInstanceOf(Health.Full.class);
            storage.heal();
            assertThat(Logs.append(log, "next")).isEqualTo(1);
        }

        // Then
        try (var files = Files.list(directory)) {
            assertThat(files.filter(file -> file.toString().contains(".torn-")))
                    .singleElement()
                    .satisfies(copy -> assertThat(Files.readAllBytes(copy))
                            .isEqualTo(Arrays.copyOfRange(
                                    torn, SegmentHeader.SIZE, SegmentHeader.SIZE + 2 * SegmentScan.WHOLE + 1)));
        }
    }

    private WriteAheadLog open(LogOptions options, Storage on) {
        return SegmentedLog.recover(directory, options, on, (sequence, time, payload) -> {})
                .log();
    }

    @Test
    void aLogThatIsFullFindsOutByItselfThatThereIsRoomAgain() {
        try (var log = Logs.open(directory, storage)) {
            breakNextSegmentOn(Operation.CREATE, FULL);
            fill(log);
            assertFails(log, LogException.NoSpace.class, "No space left on device");
            storage.heal();

            await().until(() -> log.health() instanceof Health.Writable);
        }
    }

    @Test
    void aDiskThatTakesBytesAndCannotKeepThemHasNoRoom() {
        // So that the segment is known by its name.
        Logs.write(directory, "before");
        try (var log = Logs.open(directory, storage)) {
            breakNextSegmentOn(Operation.CREATE, FULL);
            fill(log);
            assertFails(log, LogException.NoSpace.class, "No space left on device");
            storage.breakWith((operation, file) -> {
                if (operation == Operation.SYNC && file.toString().endsWith(".wal")) {
                    throw new IOException(BROKEN);
                }
            });

            await().until(() -> log.health() instanceof Health.Failed);
        }
    }

    @Test
    void aSegmentWhoseNameWasNotDurableWhenItsMakerEndedIsMadeSoByTheNextStart() throws IOException {
        Logs.write(directory, "kept");
        var synced = new ArrayList<Path>();
        storage.breakWith((operation, file) -> {
            if (operation == Operation.SYNC_DIRECTORY) {
                synced.add(file);
            }
        });
        Logs.open(directory, storage).close();

        assertThat(synced).contains(directory);
    }

    @Test
    void aSyncThatFailsBeforeTheLogCanBeWrittenEndsTheRecovery() {
        Logs.write(directory, "kept");
        breakOn(Operation.SYNC, BROKEN);
        assertThatThrownBy(() -> Logs.open(directory, storage))
                .isInstanceOf(LogException.Failed.class)
                .hasMessageContaining(BROKEN);
    }

    @Test
    void ofRecordsThatStandTogetherNoneIsWrittenWhereNotAllHaveRoom() {
        try (var log = Logs.open(directory, storage)) {
            breakNextSegmentOn(Operation.CREATE, FULL);
            fill(log);
            assertThatThrownBy(() -> together(log, "small", KILOBYTE)).isInstanceOf(LogException.NoSpace.class);
            storage.heal();
            assertThat(together(log, "first", KILOBYTE)).isEqualTo(5);
            assertThatThrownBy(() -> together(log, KILOBYTE, KILOBYTE, KILOBYTE, KILOBYTE))
                    .isInstanceOf(LogException.BadSize.class)
                    .hasMessageContaining("segmentBytes");
        }
        assertThat(Logs.recover(directory).texts()).containsExactly(KILOBYTE, KILOBYTE, KILOBYTE, "first", KILOBYTE);
    }

    private static long together(WriteAheadLog log, String... texts) {
        return Logs.await(log.append(
                Stream.of(texts).map(text -> Payload.of(Logs.bytes(text))).toList()));
    }

    @Test
    void aRecordOfTheWrongSizeIsRefusedWithLimitAndSize() {
        try (var log = Logs.open(directory, storage)) {
            assertThatThrownBy(() -> Logs.append(log, "x".repeat(1025)))
                    .isInstanceOf(LogException.BadSize.class)
                    .hasMessageContaining("1024")
                    .hasMessageContaining("1025");
            assertThatThrownBy(() -> Logs.append(log, "")).isInstanceOf(LogException.BadSize.class);
        }
    }

    @Test
    void closingWritesWhatIsQueuedAndRefusesWhatComesAfter() {
        var log = Logs.open(directory, storage);
        var queued = IntStream.range(0, 50)
                .mapToObj(i -> Logs.start(log, "record " + i))
                .toList();
        log.close();
        log.close();

        assertThat(queued).allSatisfy(append -> assertThat(append).isCompleted());
        assertFails(log, LogException.Closed.class, directory.toString());
        assertThat(log.health()).isEqualTo(new Health.Closed());
        assertThat(Logs.recover(directory).texts()).hasSize(50);
    }

    private void fill(WriteAheadLog log) {
        for (int i = 0; i < 3; i++) {
            Logs.append(log, KILOBYTE);
        }
    }

    private void breakOn(Operation broken, String failure) {
        storage.breakWith((operation, file) -> {
            if (operation == broken) {
                throw new IOException(failure);
            }
        });
    }

    private static void assertFails(WriteAheadLog log, Class<? extends LogException> type, String message) {
        assertThatThrownBy(() -> Logs.append(log, KILOBYTE)).isInstanceOf(type).hasMessageContaining(message);
    }
}
