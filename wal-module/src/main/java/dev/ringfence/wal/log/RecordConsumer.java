package dev.ringfence.wal.log;

import java.time.Instant;

/** Takes the records of a log in order. */
@FunctionalInterface
public interface RecordConsumer {
    /**
     * Takes the next record.
     *
     * @param sequence 1 for the first record, then without gaps
     * @param time when the record was written, to the millisecond, by the clock of then
     * @param payload the consumer's own to keep
     */
    void accept(long sequence, Instant time, byte[] payload);
}
