package dev.ringfence.wal.journal;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs someone wants to see; null means any.
 *
 * @param state the word of a state
 * @param since submitted at this time or later
 * @param until submitted before this time
 * @param after submitted behind this event of the journal, whatever the time was; 0 for any
 */
public record JobQuery(
        @Nullable String agent,
        @Nullable String session,
        @Nullable String state,
        @Nullable String capability,
        @Nullable Instant since,
        @Nullable Instant until,
        long after) {
    /** Whenever they were submitted, or within times. */
    public JobQuery(
            @Nullable String agent,
            @Nullable String session,
            @Nullable String state,
            @Nullable String capability,
            @Nullable Instant since,
            @Nullable Instant until) {
        this(agent, session, state, capability, since, until, 0);
    }

    /** All jobs. */
    public static JobQuery all() {
        return new JobQuery(null, null, null, null, null, null);
    }

    boolean matches(JobSummary job) {
        return (agent == null || agent.equals(job.agent()))
                && (session == null || session.equals(job.session()))
                && (state == null || state.equals(job.rolledBack() ? "rolled_back" : job.state()))
                && (capability == null || capability.equals(job.capability()))
                && job.firstSequence() > after
                && (since == null || !job.submittedAt().isBefore(since))
                && (until == null || job.submittedAt().isBefore(until));
    }
}
