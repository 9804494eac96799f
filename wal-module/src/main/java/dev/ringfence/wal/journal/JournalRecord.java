package dev.ringfence.wal.journal;

import java.time.Instant;
import java.util.Objects;

/**
 * An event as it stands in the journal.
 *
 * @param sequence its place: 1 for the first, then without gaps
 * @param time when it was written, by the clock of the writer
 */
public record JournalRecord(long sequence, Instant time, JobEvent event) {
    public JournalRecord {
        Objects.requireNonNull(time);
        Objects.requireNonNull(event);
    }
}
