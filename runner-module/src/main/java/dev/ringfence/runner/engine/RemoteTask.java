package dev.ringfence.runner.engine;

import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * One request to a remote model, on a virtual thread of its own. It is sent again only as long as the service has not begun
 * to answer, and waits longer each time, never at the same moment as others.
 */
final class RemoteTask implements Generation {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(20);

    private final RemoteCall call;
    private final Turns turns;
    private final GenerationRequest request;
    private final Duration limit;
    private final AnswerBound listener;
    private final Alarms alarms;
    private final long start = System.nanoTime();
    private final CompletableFuture<GenerationResult> result = new CompletableFuture<>();
    private final Thread thread;

    // Guarded by this.
    private @Nullable GenerationResult endedFromOutside;
    private boolean over;

    RemoteTask(
            String model,
            RemoteCall call,
            Turns turns,
            GenerationRequest request,
            Duration limit,
            GenerationListener listener,
            Alarms alarms) {
        this.call = call;
        this.turns = turns;
        this.request = request;
        this.limit = limit;
        this.listener = new AnswerBound(listener);
        this.alarms = alarms;
        this.thread = Thread.ofVirtual().name("remote-" + model).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    @Override
    public Uni<GenerationResult> result() {
        // A copy, so that cancelling the subscription does not complete the original.
        return Uni.createFrom().completionStage(() -> result.copy());
    }

    @Override
    public void cancel() {
        end(new GenerationResult.Cancelled());
    }

    private void end(GenerationResult how) {
        synchronized (this) {
            if (endedFromOutside != null || over) {
                return;
            }
            endedFromOutside = how;
            // Wherever it waits: for its turn, for the answer, for the listener, or until it may try again.
            thread.interrupt();
        }
        call.hangUp();
    }

    private void run() {
        try (listener;
                var _ = alarms.after(limit, () -> end(new GenerationResult.TimedOut(limit)))) {
            result.complete(ask());
        } catch (RuntimeException | Error e) {
            var how = finish();
            if (how == null) {
                call.logFailure();
                result.completeExceptionally(e);
            } else {
                result.complete(how);
            }
        } catch (InterruptedException e) {
            var how = finish();
            result.complete(how == null ? new GenerationResult.Cancelled() : how);
        }
    }

    /** From here on nothing from outside ends it; what has done so already is the result. */
    private synchronized @Nullable GenerationResult finish() {
        over = true;
        return endedFromOutside;
    }

    private GenerationResult ask() throws InterruptedException {
        turns.take(request.agent(), listener::waits);
        try {
            return askUntilAnswered(elapsed());
        } finally {
            turns.giveBack();
        }
    }

    private GenerationResult askUntilAnswered(Duration waited) throws InterruptedException {
        for (int attempt = 0; ; attempt++) {
            var answer = new RemoteAnswer(RemoteCall.WHO, request);
            try {
                call.converse(request, answer, event -> tell(answer, event));
                // Time that ran out while only a goodbye was missing took nothing away.
                return finish() instanceof GenerationResult.Cancelled cancelled
                        ? cancelled
                        : answer.answered(waited, elapsed());
            } catch (RemoteCall.Retryable failure) {
                var pause = pause(attempt, failure.retryAfter());
                if (attempt >= call.retries() || pause.compareTo(limit.minus(elapsed())) >= 0 || ended()) {
                    throw failure.reason();
                }
                Thread.sleep(pause);
            }
        }
    }

    private void tell(RemoteAnswer answer, GenerationEvent event) {
        answer.firstAt(elapsed());
        listener.heard(event);
    }

    private synchronized boolean ended() {
        return endedFromOutside != null;
    }

    /** What the service asks for counts; otherwise twice as long each time, somewhere in its second half. */
    private static Duration pause(int attempt, @Nullable Duration asked) {
        if (asked != null) {
            return asked;
        }
        long most = Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(attempt, 10));
        return Duration.ofMillis(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
