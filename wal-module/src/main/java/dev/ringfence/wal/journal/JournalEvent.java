package dev.ringfence.wal.journal;

import java.time.Instant;
import java.util.List;

/** What a journal keeps: what happened to a job, or an act that is no job's. */
public sealed interface JournalEvent permits JobEvent, Audited {
    /** The kinds of events that this program writes, each by its {@link #type()}. */
    List<String> TYPES = List.of(
            "submitted",
            "validated",
            "started",
            "command_executed",
            "fence_denied",
            "network_refused",
            "output_truncated",
            "retried",
            "completed",
            "failed",
            "timed_out",
            "cancelled",
            "interrupted",
            "rolled_back",
            Audited.TYPE);

    /** When, to the millisecond. */
    Instant at();

    /** The name of the kind of event, as it stands in the journal: {@code submitted}, {@code timed_out}, … */
    String type();
}
