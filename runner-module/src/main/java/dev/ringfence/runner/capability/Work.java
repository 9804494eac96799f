package dev.ringfence.runner.capability;

import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.files.Checkpoint;
import dev.ringfence.runner.files.Refused;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Work that the service does itself, on a thread of its own. It asks often whether it may go on, and so keeps the
 * deadline and obeys a cancellation, as long as the disk answers.
 */
final class Work implements Execution {
    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    private final String jobId;
    private final Duration deadline;
    private final long started = System.nanoTime();
    private volatile boolean cancelled;

    private Work(Invocation invocation) {
        this.jobId = invocation.jobId();
        this.deadline = invocation.deadline();
    }

    /** What is to be done. */
    @FunctionalInterface
    interface Task {
        /**
         * Does it.
         *
         * @throws Refused when it could not be done
         */
        Outcome run(Checkpoint checkpoint);
    }

    /** A platform thread: calls that wait for a disk would hold a carrier of virtual threads. */
    static Execution start(Invocation invocation, Task task) {
        var work = new Work(invocation);
        Thread.ofPlatform()
                .daemon()
                .name("work-" + FencedExecution.fenceName(invocation.jobId()))
                .start(() -> work.outcome.complete(work.run(task)));
        return work;
    }

    /** What has to be found out before the work can begin. */
    @FunctionalInterface
    interface Preparation<T> {
        /**
         * Finds it out.
         *
         * @throws Refused when it cannot begin
         * @throws TimeUp when the job's time was up meanwhile
         */
        T prepare();
    }

    /** Prepares on the caller's thread, which may wait for a moment; a refusal is the work's outcome. */
    static <T> Execution after(Invocation invocation, Preparation<T> preparation, Function<T, Execution> next) {
        try {
            return next.apply(preparation.prepare());
        } catch (Refused e) {
            return ended(invocation, ResultJson.failed(e));
        } catch (FenceException e) {
            return ended(invocation, ResultJson.failed(e));
        } catch (TimeUp e) {
            return ended(invocation, e.outcome(invocation));
        }
    }

    private static Execution ended(Invocation invocation, Outcome outcome) {
        var work = new Work(invocation);
        work.outcome.complete(outcome);
        return work;
    }

    /** Does it at once, on the caller's thread. */
    static Outcome now(Invocation invocation, Task task) {
        return new Work(invocation).run(task);
    }

    private Outcome run(Task task) {
        try {
            return task.run(this::pass);
        } catch (Refused e) {
            return ResultJson.failed(e);
        } catch (Ended e) {
            return cancelled
                    ? new Outcome.Cancelled(ResultJson.object())
                    : new Outcome.TimedOut(deadline, ResultJson.object());
        } catch (RuntimeException | Error e) {
            return ResultJson.internal(jobId, e, ResultJson.object());
        }
    }

    private void pass() {
        if (cancelled || System.nanoTime() - started >= deadline.toNanos()) {
            throw new Ended();
        }
    }

    @Override
    public Uni<Outcome> outcome() {
        return Uni.createFrom().completionStage(() -> outcome.copy());
    }

    @Override
    public void cancel() {
        cancelled = true;
    }

    /** The job's time was up before the work could begin. */
    static final class TimeUp extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final Duration limit;

        /** @param limit the job's time, all of which was waited for */
        TimeUp(Duration limit) {
            super("nothing began within " + limit.toMillis() + " ms");
            this.limit = limit;
        }

        Outcome outcome(Invocation invocation) {
            var data = ResultJson.object();
            ResultJson.limitsHit(
                    data, invocation.timeLimitHit(limit, limit).stream().toList());
            return new Outcome.TimedOut(limit, data);
        }
    }

    /** The work may not go on. */
    private static final class Ended extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Ended() {
            super(null, null, false, false);
        }
    }
}
