package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.wal.journal.BlobRef;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobRecord;
import dev.ringfence.wal.journal.JobState;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A job at one moment; a snapshot.
 *
 * @param submission what was asked, as the journal has it
 * @param startedAt when the work began, if it did
 * @param endedAt when the end was decided, if it was
 * @param result what the work gave, if there is anything
 * @param error why it did not complete, if it ended so
 * @param fate what else is known
 */
public record JobView(
        JobEvent.Submitted submission,
        State state,
        @Nullable Instant startedAt,
        @Nullable Instant endedAt,
        @Nullable JsonNode result,
        @Nullable Trouble error,
        Fate fate) {
    /** Nothing is known yet but what is asked. */
    JobView(
            JobEvent.Submitted submission,
            State state,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt,
            @Nullable JsonNode result,
            @Nullable Trouble error) {
        this(submission, state, startedAt, endedAt, result, error, Fate.NONE);
    }

    /**
     * What else the journal tells of a job.
     *
     * @param attempts how often the work was begun
     * @param tier of the fence, if it was known when the work was begun
     * @param blobs what the work gave and was too much for the result
     * @param undoneBy the job that undid it, if one did
     */
    public record Fate(
            int attempts,
            @Nullable String tier,
            List<BlobRef> blobs,
            @Nullable String undoneBy) {
        static final Fate NONE = new Fate(0, null, List.of(), null);

        public Fate {
            blobs = List.copyOf(blobs);
        }

        Fate with(List<BlobRef> newBlobs) {
            return new Fate(attempts, tier, newBlobs, undoneBy);
        }
    }
    /** Where a job can stand. */
    public enum State {
        SUBMITTED,
        STARTED,
        COMPLETED,
        FAILED,
        TIMED_OUT,
        CANCELLED,
        INTERRUPTED,
        /** It ended in one of the other ways, and what it had done was undone. */
        ROLLED_BACK;

        /** Nothing happens to the job any more. */
        public boolean ended() {
            return this != SUBMITTED && this != STARTED;
        }

        /** As the API and the journal write it. */
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * Why a job did not complete.
     *
     * @param type a stable slug
     * @param message what happened and what to do
     */
    public record Trouble(String type, String message) {}

    public String id() {
        return submission.jobId();
    }

    static JobView submitted(JobEvent.Submitted submission, int attempts) {
        return new JobView(
                submission, State.SUBMITTED, null, null, null, null, new Fate(attempts, null, List.of(), null));
    }

    static JobView started(JobEvent.Submitted submission, JobEvent.Started start, int attempts) {
        return new JobView(
                submission,
                State.STARTED,
                start.at(),
                null,
                null,
                null,
                new Fate(attempts, start.tier(), List.of(), null));
    }

    /** The same of an ended job, when another one has undone what it did. */
    JobView undone(String by) {
        return new JobView(
                submission,
                State.ROLLED_BACK,
                startedAt,
                endedAt,
                result,
                error,
                new Fate(fate.attempts(), fate.tier(), fate.blobs(), by));
    }

    /** The view of a job as the journal tells it. */
    static JobView of(JobRecord job) {
        return switch (job.state()) {
            case JobState.Submitted(int attempts) -> submitted(job.submission(), attempts);
            case JobState.Started(Instant at, int attempts, @Nullable String tier) ->
                started(job.submission(), new JobEvent.Started(job.jobId(), at, tier), attempts);
            case JobState.Ended ended ->
                ended(
                        job.submission(),
                        ended.startedAt(),
                        ended.end(),
                        new Fate(
                                ended.attempts(),
                                ended.tier(),
                                ended.end().blobs(),
                                ended.rolledBack() == null
                                        ? null
                                        : ended.rolledBack().by()));
        };
    }

    static JobView ended(JobEvent.Submitted submission, @Nullable Instant startedAt, JobEvent.End end, Fate fate) {
        return switch (end) {
            case JobEvent.Completed e -> ended(submission, State.COMPLETED, startedAt, e, null, fate);
            case JobEvent.Failed e ->
                ended(submission, State.FAILED, startedAt, e, new Trouble(e.reason(), e.message()), fate);
            case JobEvent.TimedOut e ->
                ended(
                        submission,
                        State.TIMED_OUT,
                        startedAt,
                        e,
                        new Trouble(
                                "deadline-exceeded",
                                "the work was not done within " + e.limit().toMillis() + " ms; it was ended"),
                        fate);
            case JobEvent.Cancelled e ->
                ended(submission, State.CANCELLED, startedAt, e, new Trouble("cancelled", e.reason()), fate);
            case JobEvent.Interrupted e ->
                ended(submission, State.INTERRUPTED, startedAt, e, new Trouble("interrupted", e.reason()), fate);
        };
    }

    private static JobView ended(
            JobEvent.Submitted submission,
            State state,
            @Nullable Instant startedAt,
            JobEvent.End end,
            @Nullable Trouble trouble,
            Fate fate) {
        return new JobView(
                submission,
                fate.undoneBy() == null ? state : State.ROLLED_BACK,
                startedAt,
                end.at(),
                end.data(),
                trouble,
                fate);
    }
}
