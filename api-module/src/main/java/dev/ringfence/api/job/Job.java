package dev.ringfence.api.job;

import dev.ringfence.runner.capability.Execution;
import dev.ringfence.wal.journal.JobEvent;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A job in memory. Its state has one writer, the thread on the job's road; anyone may look, wait, or ask it to end.
 * Thread-safe.
 */
public final class Job {
    private final Signals signals;
    private final CompletableFuture<@Nullable Void> acknowledged = new CompletableFuture<>();
    private final CompletableFuture<JobView> ended = new CompletableFuture<>();
    private volatile JobView view;
    private @Nullable Execution execution;
    private @Nullable String cancellation;
    private @Nullable Thread waiter;

    Job(JobView view, int eventBuffer) {
        this.view = view;
        this.signals = new Signals(eventBuffer);
    }

    /** A job as a recovery found it; its changes of state can be watched again, its output cannot. */
    static Job recovered(JobView view) {
        var job = new Job(view, 0);
        var submission = view.submission();
        job.acknowledge();
        job.signals.changed(new JobView(submission, JobView.State.SUBMITTED, null, null, null, null));
        if (view.startedAt() != null) {
            job.signals.changed(new JobView(submission, JobView.State.STARTED, view.startedAt(), null, null, null));
        }
        if (view.state().ended()) {
            job.signals.changed(view);
            job.ended.complete(view);
        }
        return job;
    }

    public String id() {
        return view.id();
    }

    /** Whose it is. */
    public String agent() {
        return submission().agent();
    }

    /** How it stands now. */
    public JobView view() {
        return view;
    }

    /** The end, once it is durable. Fails when the journal failed before. Cancelling a subscription changes nothing. */
    public Uni<JobView> ended() {
        return Uni.createFrom().completionStage(() -> ended.copy());
    }

    /** What happened after a sequence number, 0 for all, and what happens, up to the end. */
    public Multi<JobSignal> signals(long after) {
        return signals.after(after);
    }

    /**
     * Asks the job to end; {@link #ended} tells when it has. The first reason holds; without effect on an ended job.
     */
    public void cancel(String reason) {
        Execution running;
        synchronized (this) {
            if (cancellation != null || view.state().ended()) {
                return;
            }
            cancellation = reason;
            running = execution;
            if (waiter != null) {
                waiter.interrupt();
            }
        }
        if (running != null) {
            running.cancel();
        }
    }

    /** Completes once the submission is durable, and fails when it could not be made so. */
    Uni<@Nullable Void> acknowledged() {
        return Uni.createFrom().completionStage(() -> acknowledged.copy());
    }

    void acknowledge() {
        acknowledged.complete(null);
    }

    void refused(Throwable reason) {
        acknowledged.completeExceptionally(reason);
    }

    /** Whether a submission asks for the same, apart from its own id and time. */
    boolean sameRequest(JobEvent.Submitted other) {
        var mine = submission();
        return mine.capability().equals(other.capability())
                && mine.arguments().equals(other.arguments())
                && mine.profile().equals(other.profile())
                && mine.deadline().equals(other.deadline());
    }

    synchronized Optional<String> cancellation() {
        return Optional.ofNullable(cancellation);
    }

    /** From here on a cancellation interrupts this thread; false when the job has been cancelled already. */
    synchronized boolean waits() {
        waiter = Thread.currentThread();
        return cancellation == null;
    }

    /** From here on it does not any more, and what it did is forgotten. */
    synchronized void waitsNoMore() {
        waiter = null;
        var _ = Thread.interrupted();
    }

    void output(String channel, String text) {
        signals.output(channel, text);
    }

    /** The job has come to a new state, and the journal has it. */
    void moved(JobView next) {
        view = next;
        signals.changed(next);
        if (next.state().ended()) {
            ended.complete(next);
        }
    }

    /** The journal cannot take the job's end: only a restart can tell more. */
    void lost(Throwable reason) {
        ended.completeExceptionally(reason);
        signals.failed(reason);
    }

    /** The work is under way; when it was cancelled meanwhile, it is ended at once. */
    void runs(Execution started) {
        boolean late;
        synchronized (this) {
            execution = started;
            late = cancellation != null;
        }
        if (late) {
            started.cancel();
        }
    }

    JobEvent.Submitted submission() {
        return view.submission();
    }
}
