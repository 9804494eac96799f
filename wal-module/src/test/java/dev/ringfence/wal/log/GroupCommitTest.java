package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ringfence.wal.log.FaultyStorage.Operation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupCommitTest {
    @TempDir
    Path directory;

    private final FaultyStorage storage = new FaultyStorage();

    @Test
    void appendsThatWaitTogetherShareOneWriteAndOneSync() throws Exception {
        var options = Logs.SMALL.withSizes(1 << 16, 1024);
        try (var log = SegmentedLog.recover(directory, options, storage, (sequence, time, payload) -> {})
                        .log();
                var callers = Executors.newFixedThreadPool(16)) {
            var before = storage.count(Operation.SYNC);
            var release = holdSync(storage);
            var first = Logs.start(log, "first");
            await().until(() -> storage.count(Operation.SYNC) == before + 1);
            var syncs = storage.count(Operation.SYNC);
            var writes = storage.count(Operation.WRITE);

            var queued = new CountDownLatch(64);
            var others = new CopyOnWriteArrayList<CompletableFuture<Long>>();
            for (int i = 0; i < 64; i++) {
                callers.execute(() -> {
                    others.add(Logs.start(log, "r"));
                    queued.countDown();
                });
            }
            queued.await();
            release.countDown();

            await().untilAsserted(() -> assertThat(others).hasSize(64).allMatch(CompletableFuture::isDone));
            assertThat(first.join()).isEqualTo(1);
            assertThat(others.stream().map(CompletableFuture::join).sorted())
                    .isEqualTo(
                            IntStream.rangeClosed(2, 65).mapToObj(Long::valueOf).toList());
            assertThat(storage.count(Operation.SYNC) - syncs).isEqualTo(1);
            assertThat(storage.count(Operation.WRITE) - writes).isEqualTo(1);
        }
        assertThat(Logs.recover(directory).texts()).hasSize(65);
    }

    @Test
    void nothingIsAcknowledgedBeforeTheSyncReturned() {
        try (var log = Logs.open(directory, storage)) {
            var before = storage.count(Operation.SYNC);
            var release = holdSync(storage);
            var append = Logs.start(log, "record");
            await().until(() -> storage.count(Operation.SYNC) == before + 1);

            assertThat(append).isNotDone();
            assertThat(log.lastSequence()).isZero();

            release.countDown();
            await().untilAsserted(() -> assertThat(append).isCompletedWithValue(1L));
            assertThat(log.lastSequence()).isEqualTo(1);
        }
    }

    @Test
    void acknowledgementsComeInTheOrderOfTheLog() {
        var order = new CopyOnWriteArrayList<Long>();
        var options = LogOptions.defaults();
        try (var log = WriteAheadLog.recover(directory, options, (sequence, time, payload) -> {})
                .log()) {
            for (int i = 0; i < 2_000; i++) {
                var _ = log.append(Logs.bytes("record")).thenAccept(order::add);
            }
            await().until(() -> order.size() == 2_000);
        }
        assertThat(order).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void aWaiterThatBlocksStallsNeitherTheWriterNorTheRecordsAfterIt() throws Exception {
        var blocked = new CountDownLatch(1);
        var told = new CountDownLatch(1);
        try (var acknowledgements = Executors.newSingleThreadExecutor();
                var log = SegmentedLog.recover(
                                directory,
                                Logs.SMALL.withAcknowledgements(acknowledgements),
                                storage,
                                (sequence, time, payload) -> {})
                        .log()) {
            // Who asks what comes of an append that is done already hears it on its own thread.
            var release = holdSync(storage);
            var _ = log.append(Logs.bytes("first")).thenAccept(sequence -> {
                told.countDown();
                awaitLatch(blocked);
            });
            release.countDown();
            told.await();

            var second = Logs.start(log, "second");
            await().until(() -> log.lastSequence() == 2);

            assertThat(second).isNotDone();
            blocked.countDown();
            await().untilAsserted(() -> assertThat(second).isCompletedWithValue(2L));
        }
    }

    @Test
    void aFullQueueRefusesAndTakesAgainOnceThereIsRoom() {
        var options = Logs.SMALL.withQueue(3, 1 << 20);
        try (var log = SegmentedLog.recover(directory, options, storage, (sequence, time, payload) -> {})
                .log()) {
            var release = holdSync(storage);
            var accepted = List.of(Logs.start(log, "1"), Logs.start(log, "2"), Logs.start(log, "3"));

            assertThat(Logs.start(log, "4"))
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .withCauseInstanceOf(LogException.Saturated.class);

            release.countDown();
            await().until(() -> accepted.stream().allMatch(CompletableFuture::isDone));
            assertThat(Logs.append(log, "5")).isEqualTo(4);
        }
        assertThat(Logs.recover(directory).texts()).containsExactly("1", "2", "3", "5");
    }

    @Test
    void theQueueIsBoundedInBytesToo() {
        var options = Logs.SMALL.withQueue(1000, 100);
        try (var log = SegmentedLog.recover(directory, options, storage, (sequence, time, payload) -> {})
                .log()) {
            var release = holdSync(storage);
            var large = Logs.start(log, "x".repeat(500));

            assertThat(Logs.start(log, "y")).isCompletedExceptionally();

            release.countDown();
            await().untilAsserted(() -> assertThat(large).isCompletedWithValue(1L));
        }
    }

    @Test
    void aPayloadThatThrowsFailsAlone() {
        try (var log = Logs.open(directory, storage)) {
            var release = holdSync(storage);
            var first = Logs.start(log, "first");
            var bad = Logs.future(log.append(new Payload() {
                @Override
                public int size() {
                    return 5;
                }

                @Override
                public byte[] after(byte[] previous) {
                    throw new IllegalStateException("cannot");
                }
            }));
            var last = Logs.start(log, "last");
            release.countDown();

            await().untilAsserted(() -> assertThat(last).isCompletedWithValue(2L));
            assertThat(first).isCompletedWithValue(1L);
            assertThat(bad).isCompletedExceptionally();
        }
    }

    @Test
    void aPayloadSeesTheOneBeforeItAlsoAcrossARestart() {
        Logs.write(directory, "one");
        var seen = new ArrayList<String>();
        try (var log = Logs.open(directory)) {
            for (int i = 0; i < 2; i++) {
                Logs.await(log.append(new Payload() {
                    @Override
                    public int size() {
                        return 3;
                    }

                    @Override
                    public byte[] after(byte[] previous) {
                        seen.add(new String(previous, StandardCharsets.UTF_8));
                        return Logs.bytes("two");
                    }
                }));
            }
        }
        assertThat(seen).containsExactly("one", "two");
    }

    /** The writer's thread once ended with it: the log said that it could be written, and every append waited for ever. */
    @Test
    void anErrorThatNobodyExpectsIsAFailureOfTheLogAndNobodyWaitsForEver() {
        var broken = new AtomicBoolean();
        var options = LogOptions.defaults().withAcknowledgements(task -> {
            if (broken.get()) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            task.run();
        });
        try (var log = WriteAheadLog.recover(directory, options, (sequence, time, payload) -> {})
                .log()) {
            Logs.append(log, "one");
            broken.set(true);

            assertThat(Logs.append(log, "two")).isEqualTo(2);

            await().until(() -> log.health() instanceof Health.Failed);
            broken.set(false);
            assertThat(log.append(Logs.bytes("three")))
                    .failsWithin(Duration.ofMinutes(2))
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOf(LogException.Failed.class)
                    .withMessageContaining("native thread");
        }
        assertThat(Logs.recover(directory).texts()).containsExactly("one", "two");
    }

    /** It once ended the writer's thread, and the log looked writable. */
    @Test
    void anErrorBesideTheWritingIsAFailureOfTheLogToo() {
        var broken = new AtomicBoolean();
        var options = LogOptions.defaults().withAcknowledgements(task -> {
            if (broken.get()) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            task.run();
        });
        try (var log = WriteAheadLog.recover(directory, options, (sequence, time, payload) -> {})
                .log()) {
            broken.set(true);

            // What is refused is told when nothing is being written.
            assertThat(log.append(new Payload() {
                        @Override
                        public int size() {
                            return 3;
                        }

                        @Override
                        public byte[] after(byte[] previous) {
                            throw new IllegalStateException("no bytes");
                        }
                    }))
                    .failsWithin(Duration.ofMinutes(2));

            await().until(() -> log.health() instanceof Health.Failed);
        }
    }

    /** Appends one record, and while its sync is held, others, which so become one group. */
    static void inOneGroup(FaultyStorage storage, WriteAheadLog log, String first, List<String> others) {
        var before = storage.count(Operation.SYNC);
        var release = holdSync(storage);
        var _ = Logs.start(log, first);
        await().until(() -> storage.count(Operation.SYNC) > before);
        var waiting = others.stream().map(text -> Logs.start(log, text)).toList();
        release.countDown();
        await().until(() -> waiting.stream().allMatch(CompletableFuture::isDone));
        storage.heal();
    }

    private static CountDownLatch holdSync(FaultyStorage storage) {
        var release = new CountDownLatch(1);
        storage.breakWith((operation, file) -> {
            if (operation == Operation.SYNC) {
                awaitLatch(release);
            }
        });
        return release;
    }

    /** Not for ever: a test that fails meanwhile must still be able to close its log. */
    private static void awaitLatch(CountDownLatch latch) {
        try {
            if (!latch.await(2, TimeUnit.MINUTES)) {
                throw new IllegalStateException("Nobody let it go on");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
