package dev.ringfence.wal.log;

import java.time.Instant;

/** Takes the records of a log in order, as long as it wants. */
@FunctionalInterface
public interface RecordVisitor {
    /** Like {@link RecordConsumer#accept}; returns whether it wants the next record. */
    boolean visit(long sequence, Instant time, byte[] payload);
}
