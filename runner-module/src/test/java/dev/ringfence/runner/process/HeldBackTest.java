package dev.ringfence.runner.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.groups.GeneratorEmitter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Programs that are fed and heard piece by piece, and those on both sides that do not keep up. */
class HeldBackTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final int PIECE = 64 * 1024;

    private final AtomicLong asked = new AtomicLong();
    private final CountDownLatch cancelled = new CountDownLatch(1);

    @Test
    void aProgramReadsAllPiecesOfASourceInOrder() {
        var source = Multi.createFrom().range(1, 100_001).map(i -> (i + "\n").getBytes(UTF_8));

        var result = run("sha256sum; echo 100000; seq 100000 | sha256sum", source, LONG, OutputListener.NONE);

        var lines = text(result).lines().toList();
        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
        assertThat(lines).containsExactly(lines.getLast(), "100000", lines.getLast());
    }

    @Test
    void emptyPiecesAndASourceWithoutAnyEndTheInputAndNothingElse() {
        assertThat(text(run("wc -c", Multi.createFrom().items(new byte[0], new byte[0]), LONG, OutputListener.NONE)))
                .isEqualTo("0\n");
        assertThat(text(run("wc -c", Multi.createFrom().empty(), LONG, OutputListener.NONE)))
                .isEqualTo("0\n");
    }

    @Test
    void aProgramCanAnswerEachPieceBeforeTheNextOneComes() {
        var answers = new AtomicLong();
        // The next question is made once the answer to the one before was heard.
        var questions = Multi.createFrom()
                .<Long, byte[]>generator(() -> 0L, (Long number, GeneratorEmitter<? super byte[]> emitter) -> {
                    await().until(() -> answers.get() == number);
                    if (number == 20) {
                        emitter.complete();
                    } else {
                        emitter.emit((number + "\n").getBytes(UTF_8));
                    }
                    return number + 1;
                });

        var result = run(
                "while read n; do echo answer $n; done",
                questions,
                LONG,
                (stream, chunk) ->
                        answers.addAndGet(new String(chunk, UTF_8).lines().count()));

        assertThat(text(result).lines()).hasSize(20).last().isEqualTo("answer 19");
    }

    @Test
    void aSourceWithoutAnEndIsAskedForNoMoreThanAProgramReadsAndIsCancelledWithIt() throws InterruptedException {
        var result = run("head -c 1000000 | wc -c", endless(), LONG, OutputListener.NONE);

        assertThat(text(result)).isEqualTo("1000000\n");
        assertThat(cancelled.await(2, TimeUnit.MINUTES)).isTrue();
        // What was read, what a pipe of up to 1 MiB holds, and one piece.
        assertThat(asked.get() * PIECE).isBetween(1_000_000L, 3_000_000L);
    }

    @Test
    void aProgramThatNeverReadsIsEndedAtItsDeadlineAndItsSourceAskedForNoMoreThanAPipeHolds()
            throws InterruptedException {
        var result = run("exec sleep 300", endless(), SHORT, OutputListener.NONE);

        assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(SHORT));
        assertThat(cancelled.await(2, TimeUnit.MINUTES)).isTrue();
        assertThat(asked.get()).isBetween(1L, 18L);
    }

    @Test
    void aProgramThatClosesItsInputEndsTheSourceAndGoesOn() throws InterruptedException {
        var result = run("exec <&-; echo on", endless(), LONG, OutputListener.NONE);

        assertThat(cancelled.await(2, TimeUnit.MINUTES)).isTrue();
        assertThat(text(result)).isEqualTo("on\n");
        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
    }

    @Test
    void aSourceThatIsSilentIsCancelledAsSoonAsNobodyReadsAnyMore() throws InterruptedException {
        var result = new CompletableFuture<ProcessResult>();
        var process = ProcessEngine.start(
                request("exec <&-; exec sleep 300", silent(), LONG), new Supervisor() {}, OutputListener.NONE);
        process.result().subscribe().with(result::complete);

        assertThat(cancelled.await(2, TimeUnit.MINUTES)).isTrue();
        assertThat(result).isNotDone();

        process.stop();
        assertThat(result.join().end()).isEqualTo(new ProcessEnd.Stopped());
    }

    @Test
    void aSourceThatBlocksDelaysNeitherTheDeadlineNorTheOutput() {
        var blocked = new CountDownLatch(1);
        var heard = new AtomicBoolean();
        Flow.Publisher<byte[]> source = subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long n) {
                try {
                    blocked.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void cancel() {
                blocked.countDown();
            }
        });

        var result = run("echo alive; exec sleep 300", source, SHORT, (stream, chunk) -> heard.set(true));

        assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(SHORT));
        assertThat(heard).isTrue();
    }

    @Test
    void aSourceThatFailsEndsTheProgramAndIsNamedAsTheReason() {
        var why = new IllegalStateException("the disk is gone");
        var source = Multi.createBy()
                .concatenating()
                .streams(
                        Multi.createFrom().item("begin\n".getBytes(UTF_8)),
                        Multi.createFrom().failure(why));

        var result = run("cat; exec sleep 300", source, LONG, OutputListener.NONE);

        assertThat(result.end()).isEqualTo(new ProcessEnd.InputFailed(why));
    }

    @Test
    void aSourceThatGivesMoreThanWasAskedForEndsTheProgram() {
        Flow.Publisher<byte[]> flood = subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long n) {
                for (int i = 0; i < 100; i++) {
                    subscriber.onNext(new byte[PIECE]);
                }
            }

            @Override
            public void cancel() {}
        });

        var result = run("exec sleep 300", flood, LONG, OutputListener.NONE);

        assertThat(result.end())
                .isInstanceOfSatisfying(
                        ProcessEnd.InputFailed.class,
                        end -> assertThat(end.why()).hasMessageContaining("more came than was asked for"));
    }

    @Test
    void aProgramWaitsWhileItsOutputIsNotWantedAndGoesOnWhenItIs() {
        var listener = new Gate();
        listener.open = false;
        var result = new CompletableFuture<ProcessResult>();
        ProcessEngine.start(
                        request(
                                "head -c 10000000 /dev/zero; echo done >&2",
                                Multi.createFrom().empty(),
                                LONG),
                        new Supervisor() {},
                        listener)
                .result()
                .subscribe()
                .with(result::complete);

        await().until(() -> listener.refused.get() > 0);
        assertThat(listener.bytes).hasValue(0);
        for (int i = 1; i <= 20; i++) {
            long before = listener.bytes.get();
            listener.letOne();
            await().until(() -> listener.bytes.get() > before);
            assertThat(listener.bytes.get() - before).isLessThanOrEqualTo(2L * PIECE);
        }
        assertThat(result).isNotDone();
        listener.letAll();

        assertThat(result.join().end()).isEqualTo(new ProcessEnd.Exited(0));
        assertThat(listener.bytes).hasValue(10_000_005);
        assertThat(result.join().stdout().totalBytes()).isEqualTo(10_000_000);
    }

    @Test
    void aListenerThatNeverWantsMoreDelaysNoDeadlineAndHearsNoMoreThanThePipesHeld() {
        var listener = new Gate();
        listener.open = false;

        var result = run(
                "while :; do head -c 1000000 /dev/zero; done",
                Multi.createFrom().empty(),
                SHORT,
                listener);

        assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(SHORT));
        assertThat(listener.bytes.get()).isPositive().isLessThanOrEqualTo(1 << 20);
    }

    @Test
    void whatAProgramLeftInItsPipesAtItsEndIsHeardInAnyCase() {
        var listener = new Gate();
        listener.open = false;

        var result = run("echo last words", Multi.createFrom().empty(), LONG, listener);

        assertThat(text(result)).isEqualTo("last words\n");
    }

    /** Lets output through, or not. */
    private static final class Gate implements OutputListener {
        private final AtomicLong bytes = new AtomicLong();
        private final AtomicLong refused = new AtomicLong();
        private final AtomicBoolean once = new AtomicBoolean();
        private volatile boolean open;
        private volatile Runnable look = () -> {};

        @Override
        public void attached(Runnable again) {
            look = again;
        }

        @Override
        public boolean wantsMore() {
            boolean wanted = open || once.getAndSet(false);
            if (!wanted) {
                refused.incrementAndGet();
            }
            return wanted;
        }

        @Override
        public void wrote(Stream stream, byte[] chunk) {
            bytes.addAndGet(chunk.length);
        }

        void letOne() {
            once.set(true);
            look.run();
        }

        void letAll() {
            open = true;
            look.run();
        }
    }

    private Flow.Publisher<byte[]> endless() {
        return Multi.createFrom()
                .<Integer, byte[]>generator(() -> 0, (Integer state, GeneratorEmitter<? super byte[]> emitter) -> {
                    asked.incrementAndGet();
                    emitter.emit(new byte[PIECE]);
                    return state;
                })
                .onCancellation()
                .invoke(cancelled::countDown);
    }

    private Flow.Publisher<byte[]> silent() {
        return Multi.createFrom().<byte[]>nothing().onCancellation().invoke(cancelled::countDown);
    }

    private static ProcessRequest request(String script, Flow.Publisher<byte[]> source, Duration deadline) {
        return new ProcessRequest(
                "held",
                Path.of("/bin/sh"),
                List.of("sh", "-c", script),
                Map.of("PATH", "/usr/bin:/bin"),
                Path.of("/"),
                new ProgramInput.Pieces(source),
                List.of(),
                false,
                deadline,
                Duration.ofMillis(100),
                1 << 20,
                Optional.empty());
    }

    private static ProcessResult run(
            String script, Flow.Publisher<byte[]> source, Duration deadline, OutputListener listener) {
        return ProcessEngine.start(request(script, source, deadline), new Supervisor() {}, listener)
                .result()
                .await()
                .atMost(Duration.ofMinutes(2));
    }

    private static String text(ProcessResult result) {
        return new String(result.stdout().bytes(), UTF_8);
    }
}
