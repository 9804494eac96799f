package dev.ringfence.wal.journal;

import java.util.Objects;

/**
 * A job as its events tell it.
 *
 * @param firstSequence the place of its submission in the journal
 * @param lastSequence the place of its newest event
 */
public record JobRecord(JobEvent.Submitted submission, JobState state, long firstSequence, long lastSequence) {
    public JobRecord {
        Objects.requireNonNull(submission);
        Objects.requireNonNull(state);
    }

    public String jobId() {
        return submission.jobId();
    }
}
