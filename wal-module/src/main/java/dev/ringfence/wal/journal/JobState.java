package dev.ringfence.wal.journal;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Where a job stands. Made by {@link JobFold} only.
 *
 * <pre>
 * Submitted ──► Started ──► Ended: completed | failed | timed_out | cancelled | interrupted
 *     │  ▲         │
 *     │  └─retried─┘
 *     └──► Ended: failed | timed_out | cancelled
 * </pre>
 */
public sealed interface JobState {
    /** The state's word in the journal, the API and the logs: {@code submitted}, {@code timed_out}, … */
    String word();

    /** Something will still happen to the job. */
    sealed interface Live extends JobState {}

    /**
     * Accepted; the work has had no effect yet, or will be begun again.
     *
     * @param attempts how often the work has been begun
     */
    record Submitted(int attempts) implements Live {
        @Override
        public String word() {
            return "submitted";
        }
    }

    /**
     * The work is under way, or was when the service ended.
     *
     * @param attempts how often the work has been begun, this time included
     */
    record Started(
            Instant startedAt, int attempts, @Nullable String tier) implements Live {
        @Override
        public String word() {
            return "started";
        }
    }

    /**
     * Nothing happens to the job any more.
     *
     * @param startedAt when the work was begun last, if it ever was
     * @param attempts how often the work was begun
     * @param endSequence the place of the end in the journal
     * @param rolledBack what undid it, if it was undone
     */
    record Ended(
            @Nullable Instant startedAt,
            int attempts,
            @Nullable String tier,
            JobEvent.End end,
            long endSequence,
            JobEvent.@Nullable RolledBack rolledBack)
            implements JobState {
        @Override
        public String word() {
            return end.type();
        }
    }
}
