package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobRecord;
import dev.ringfence.wal.journal.JobState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A job at one moment; a snapshot.
 *
 * @param submission what was asked, as the journal has it
 * @param startedAt when the work began, if it did
 * @param endedAt when the end was decided, if it was
 * @param result what the work gave, if there is anything
 * @param error why it did not complete, if it ended so
 */
public record JobView(
        JobEvent.Submitted submission,
        State state,
        @Nullable Instant startedAt,
        @Nullable Instant endedAt,
        @Nullable JsonNode result,
        @Nullable Trouble error) {
    /** Where a job can stand. */
    public enum State {
        SUBMITTED,
        STARTED,
        COMPLETED,
        FAILED,
        TIMED_OUT,
        CANCELLED,
        INTERRUPTED;

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

    static JobView started(JobEvent.Submitted submission, Instant at) {
        return new JobView(submission, State.STARTED, at, null, null, null);
    }

    /** The view of a job as the journal tells it. */
    static JobView of(JobRecord job) {
        return of(job.submission(), job.state());
    }

    static JobView of(JobEvent.Submitted submission, JobState state) {
        return switch (state) {
            case JobState.Submitted _ -> new JobView(submission, State.SUBMITTED, null, null, null, null);
            case JobState.Started started ->
                new JobView(submission, State.STARTED, started.startedAt(), null, null, null);
            case JobState.Ended ended -> ended(submission, ended.startedAt(), ended.end());
        };
    }

    static JobView ended(JobEvent.Submitted submission, @Nullable Instant startedAt, JobEvent end) {
        return switch (end) {
            case JobEvent.Completed e -> new JobView(submission, State.COMPLETED, startedAt, e.at(), e.data(), null);
            case JobEvent.Failed e ->
                new JobView(
                        submission, State.FAILED, startedAt, e.at(), e.data(), new Trouble(e.reason(), e.message()));
            case JobEvent.TimedOut e ->
                new JobView(
                        submission,
                        State.TIMED_OUT,
                        startedAt,
                        e.at(),
                        e.data(),
                        new Trouble(
                                "deadline-exceeded",
                                "the work was not done within " + e.limit().toMillis() + " ms; it was ended"));
            case JobEvent.Cancelled e ->
                new JobView(
                        submission, State.CANCELLED, startedAt, e.at(), e.data(), new Trouble("cancelled", e.reason()));
            case JobEvent.Interrupted e ->
                new JobView(
                        submission, State.INTERRUPTED, startedAt, e.at(), null, new Trouble("interrupted", e.reason()));
            case JobEvent.Submitted e -> throw new IllegalArgumentException(e.type() + " is no end");
            case JobEvent.Started e -> throw new IllegalArgumentException(e.type() + " is no end");
        };
    }
}
