package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.JobView.Places;
import dev.ringfence.runner.capability.Execution;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.capability.OutputSink;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.JsonWeight;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.RequestHash;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A job in memory. Its state has one writer, the thread on the job's road; anyone may look, wait, or ask it to end.
 * Thread-safe.
 */
public final class Job {
    /** No attempt has more events, so that the events of the next are numbered behind all of its own. */
    private static final long NUMBERS_OF_ATTEMPT = 1_000_000_000_000L;

    private final NewsBuffer news;
    private final OutputSink sink = new Sink();
    private volatile JsonNode arguments;
    private volatile Optional<Attendance> attendance;
    private final Awaited<@Nullable Void> acknowledged = new Awaited<>();
    private final Awaited<JobView> ended = new Awaited<>();
    private volatile JobView view;
    private @Nullable Execution execution;
    private @Nullable String cancellation;
    private volatile Admission.@Nullable Ticket ticket;
    private @Nullable Thread waiter;
    private boolean kept;
    private int holds;

    Job(JobView view, int eventBuffer) {
        this(view, eventBuffer, view.submission().arguments(), Optional.empty());
    }

    /** @param arguments what the work gets, which may be more than the journal keeps */
    Job(JobView view, int eventBuffer, JsonNode arguments, Optional<Attendance> attendance) {
        this.view = view;
        this.news = new NewsBuffer(eventBuffer);
        this.arguments = arguments;
        this.attendance = attendance;
    }

    /** A job as a recovery found it; its changes of state can be watched again, its output cannot. */
    static Job recovered(JobView view) {
        var job = new Job(view, 0);
        job.acknowledge();
        job.keep();
        job.tellAgain();
        if (view.state().ended()) {
            job.ended.complete(view);
        }
        return job;
    }

    /**
     * Gives each change of state the number again that it had before the restart, and what comes a number that none had:
     * whoever goes on from the last that it heard hears nothing twice, and is told of what is gone.
     */
    private void tellAgain() {
        var fate = view.fate();
        news.changed(JobView.submitted(submission(), 0, fate.places().submitted()));
        if (view.startedAt() != null) {
            news.skipTo((fate.attempts() - 1) * NUMBERS_OF_ATTEMPT + 1);
            news.changed(JobView.started(
                    submission(),
                    new JobEvent.Started(id(), view.startedAt(), fate.tier()),
                    fate.attempts(),
                    new Places(fate.places().submitted(), fate.places().started(), 0, 0)));
        }
        if (view.state().ended() && fate.places().last() > 0) {
            news.skipTo(fate.places().last() - 1);
            news.changed(view);
        } else {
            news.skipTo(fate.attempts() * NUMBERS_OF_ATTEMPT);
            if (view.state().ended() || (fate.attempts() > 0 && view.state() == JobView.State.SUBMITTED)) {
                news.changed(view);
            }
        }
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
        return ended.whenThere();
    }

    /** How many wait for its end. */
    int waiting() {
        return ended.waiting();
    }

    /** What happened after a sequence number, 0 for all, and what happens, up to the end. */
    public Multi<JobNews> news(long after) {
        return news.after(after);
    }

    /** Like {@link #news(long)}, with an empty item whenever nothing has happened for so long. */
    public Multi<Optional<JobNews>> news(long after, Duration quiet) {
        return news.after(after, quiet);
    }

    /**
     * Some of what happened after a sequence number, 0 for all; waits when there is nothing yet.
     *
     * @param most how many at most
     * @param patience how long to wait; nothing happened meanwhile if the list is empty
     */
    public Uni<List<JobNews>> news(long after, int most, Duration patience) {
        return news.more(after)
                .ifNoItem()
                .after(patience)
                .recoverWithItem(false)
                .map(_ -> news.page(after, most));
    }

    /**
     * Asks the job to end; {@link #ended} tells when it has. The first reason holds; without effect on an ended job.
     */
    public boolean cancel(String reason) {
        Execution running;
        synchronized (this) {
            if (cancellation != null || view.state().ended()) {
                return false;
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
        return true;
    }

    /** Someone wants the job's end who does not wait for it on a connection: it goes on whoever goes away. */
    public synchronized void keep() {
        kept = true;
    }

    /** Someone waits for the job on a connection. */
    synchronized Hold hold() {
        holds++;
        return new Hold();
    }

    /** A client that waits for a job on its connection. */
    public final class Hold {
        private boolean released;

        public Job job() {
            return Job.this;
        }

        /**
         * The client is gone. When nobody else wants the job, it is cancelled. A second call does nothing.
         *
         * @param reason for the cancellation
         */
        public void release(String reason) {
            boolean last;
            synchronized (Job.this) {
                if (released) {
                    return;
                }
                released = true;
                holds--;
                last = holds == 0 && !kept;
            }
            if (last) {
                cancel(reason);
            }
        }
    }

    /** Completes once the submission is durable, and fails when it could not be made so. */
    Uni<@Nullable Void> acknowledged() {
        return acknowledged.whenThere();
    }

    void acknowledge() {
        acknowledged.complete(null);
    }

    void refused(Throwable reason) {
        acknowledged.fail(reason);
    }

    /** Whether a submission asks for the same, apart from its own id and time. */
    boolean sameRequest(JobEvent.Submitted other) {
        return RequestHash.of(submission()).equals(RequestHash.of(other));
    }

    /** How many bytes it keeps in memory now, roughly. */
    @SuppressWarnings("ReferenceEquality") // the same tree is there once, an equal one twice
    long weight() {
        var result = view.result();
        var kept = submission().arguments();
        var given = arguments;
        return news.weight()
                + (result == null ? 0 : JsonWeight.of(result))
                + JsonWeight.of(kept)
                + (given == kept ? 0 : JsonWeight.of(given));
    }

    synchronized Optional<String> cancellation() {
        return Optional.ofNullable(cancellation);
    }

    /** It waits for its turn, or has had it. */
    void waitsWith(Admission.Ticket place) {
        ticket = place;
    }

    /** Its place among its agent's waiting jobs, 1 for the next; empty when it does not wait. */
    public OptionalInt queuePosition() {
        var place = ticket;
        return place == null ? OptionalInt.empty() : place.position();
    }

    /** When its work is ended, counted from its beginning, where that is sooner than the deadline says; empty when none runs. */
    public synchronized Optional<Duration> soonerLimit() {
        return execution == null || view.state().ended()
                ? Optional.empty()
                : execution.limit().filter(limit -> limit.compareTo(submission().deadline()) < 0);
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

    /** Where the work puts what it gives. */
    OutputSink sink() {
        return sink;
    }

    private final class Sink implements OutputSink {
        @Override
        public void put(String channel, String text) {
            if (attendance.map(attended -> attended.kept().output()).orElse(true)) {
                news.output(channel, text);
            }
        }

        @Override
        public void progress(String phase, ObjectNode data) {
            news.progress(phase, data);
        }

        @Override
        public void answered(GenerationEvent event) {
            attendance.ifPresent(attended -> attended.listener().heard(event));
        }
    }

    /** What the work gets. */
    JsonNode arguments() {
        return arguments;
    }

    /** What the journal keeps of what the work gave. */
    JsonNode kept(JsonNode result) {
        return attendance.map(attended -> attended.kept().result(result)).orElse(result);
    }

    /** What the journal keeps of why the work failed; a caller on the line hears all of it. */
    String kept(Outcome.Failed failure) {
        return attendance
                .map(attended -> {
                    attended.listener().failed(failure.message());
                    return attended.kept().message(failure);
                })
                .orElse(failure.message());
    }

    /** The number of the end, which is about to come: what the work puts out from now on is passed over. */
    long lastEvent() {
        return news.close();
    }

    /** The job has come to a new state, and the journal has it. */
    void moved(JobView next) {
        view = next;
        news.changed(next);
        if (next.state().ended()) {
            // Ended jobs are kept for long, and what only the work needed with them would be, too.
            arguments = next.submission().arguments();
            attendance = Optional.empty();
            ended.complete(next);
        }
    }

    /** What the ended job did was undone, and the journal has it; nobody who heard of its end hears more. */
    void undone(String by) {
        view = view.undone(by);
    }

    /** The job cannot be brought to its end: only a restart can tell more. */
    void lost(Throwable reason) {
        acknowledged.fail(reason);
        ended.fail(reason);
        news.failed(reason);
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
