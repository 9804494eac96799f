package dev.ringfence.wal.journal;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Where a job stands. The methods of a state return the states that may follow it; no other can.
 *
 * <pre>
 * Submitted ──► Started ──► Completed | Failed | TimedOut | Cancelled | Interrupted
 *     └──► Failed | TimedOut | Cancelled
 * </pre>
 */
public sealed interface JobState {
    /** The state's word in the journal, the API and the logs: {@code submitted}, {@code timed_out}, … */
    String word();

    /** Something will still happen to the job. */
    sealed interface Live extends JobState {}

    /** Nothing happens to the job any more. */
    sealed interface Ended extends JobState {
        /** When the work started, if it did. */
        @Nullable Instant startedAt();

        /** What ended the job. */
        JobEvent end();

        @Override
        default String word() {
            return end().type();
        }
    }

    /** Accepted; the work has had no effect yet. */
    record Submitted() implements Live {
        @Override
        public String word() {
            return "submitted";
        }

        Started start(JobEvent.Started event) {
            return new Started(event.at());
        }

        Failed fail(JobEvent.Failed event) {
            return new Failed(null, event);
        }

        TimedOut timeOut(JobEvent.TimedOut event) {
            return new TimedOut(null, event);
        }

        Cancelled cancel(JobEvent.Cancelled event) {
            return new Cancelled(null, event);
        }
    }

    /** The work is under way, or was when the service ended. */
    record Started(Instant startedAt) implements Live {
        @Override
        public String word() {
            return "started";
        }

        Completed complete(JobEvent.Completed event) {
            return new Completed(startedAt, event);
        }

        Failed fail(JobEvent.Failed event) {
            return new Failed(startedAt, event);
        }

        TimedOut timeOut(JobEvent.TimedOut event) {
            return new TimedOut(startedAt, event);
        }

        Cancelled cancel(JobEvent.Cancelled event) {
            return new Cancelled(startedAt, event);
        }

        Interrupted interrupt(JobEvent.Interrupted event) {
            return new Interrupted(startedAt, event);
        }
    }

    record Completed(Instant startedAt, JobEvent.Completed end) implements Ended {}

    record Failed(@Nullable Instant startedAt, JobEvent.Failed end) implements Ended {}

    record TimedOut(@Nullable Instant startedAt, JobEvent.TimedOut end) implements Ended {}

    record Cancelled(@Nullable Instant startedAt, JobEvent.Cancelled end) implements Ended {}

    record Interrupted(Instant startedAt, JobEvent.Interrupted end) implements Ended {}
}
