package dev.ringfence.wal.journal;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs someone wants to see; null means any.
 *
 * @param state the word of a state
 * @param since submitted at this time or later
 * @param until submitted before this time
 */
public record JobQuery(
        @Nullable String agent,
        @Nullable String session,
        @Nullable String state,
        @Nullable String capability,
        @Nullable Instant since,
        @Nullable Instant until) {
    /** All jobs. */
    public static JobQuery all() {
        return new JobQuery(null, null, null, null, null, null);
    }

    boolean matches(JobSummary job) {
        return (agent == null || agent.equals(job.agent()))
                && (session == null || session.equals(job.session()))
                && (state == null || state.equals(job.rolledBack() ? "rolled_back" : job.state()))
                && (capability == null || capability.equals(job.capability()))
                && (since == null || !job.submittedAt().isBefore(since))
                && (until == null || job.submittedAt().isBefore(until));
    }
}
