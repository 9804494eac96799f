package dev.ringfence.runner.capability;

import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.files.Checkpoint;
import dev.ringfence.runner.files.FileRefused;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jboss.logging.Logger;

/**
 * Work that the service does itself, on a thread of its own. It asks often whether it may go on, and so keeps the
 * deadline and obeys a cancellation, as long as the disk answers.
 */
final class Work implements Execution {
    private static final Logger LOG = Logger.getLogger(Work.class);

    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    private final Duration deadline;
    private final long started = System.nanoTime();
    private volatile boolean cancelled;

    private Work(Duration deadline) {
        this.deadline = deadline;
    }

    /** What is to be done. */
    @FunctionalInterface
    interface Task {
        /**
         * Does it.
         *
         * @throws FileRefused when it could not be done
         */
        Outcome run(Checkpoint checkpoint);
    }

    /** A platform thread: calls that wait for a disk would hold a carrier of virtual threads. */
    static Execution start(Invocation invocation, Task task) {
        var work = new Work(invocation.deadline());
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
         * @throws FileRefused when it cannot begin
         */
        T prepare();
    }

    /** Prepares on the caller's thread, which may wait for a moment; a refusal is the work's outcome. */
    static <T> Execution after(Invocation invocation, Preparation<T> preparation, Function<T, Execution> next) {
        try {
            return next.apply(preparation.prepare());
        } catch (FileRefused e) {
            return ended(invocation, new Outcome.Failed(e.type(), FenceJson.message(e), FenceJson.object()));
        } catch (FenceException e) {
            return ended(invocation, FenceJson.failed(e));
        }
    }

    private static Execution ended(Invocation invocation, Outcome outcome) {
        var work = new Work(invocation.deadline());
        work.outcome.complete(outcome);
        return work;
    }

    /** Does it at once, on the caller's thread. */
    static Outcome now(Invocation invocation, Task task) {
        return new Work(invocation.deadline()).run(task);
    }

    private Outcome run(Task task) {
        try {
            return task.run(this::pass);
        } catch (FileRefused e) {
            return new Outcome.Failed(e.type(), FenceJson.message(e), FenceJson.object());
        } catch (Ended e) {
            return cancelled
                    ? new Outcome.Cancelled(FenceJson.object())
                    : new Outcome.TimedOut(deadline, FenceJson.object());
        } catch (RuntimeException | Error e) {
            LOG.error("A job failed for a reason that is none of its own", e);
            return new Outcome.Failed("internal", "the service failed; its log says why", FenceJson.object());
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

    /** The work may not go on. */
    private static final class Ended extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Ended() {
            super(null, null, false, false);
        }
    }
}
