package dev.ringfence.wal.log;

import io.smallrye.mutiny.Uni;
import java.nio.file.Path;

/**
 * An append-only log of byte records that survive a crash of the process and of the machine.
 *
 * <p>The only way to obtain a log is to recover one, so nothing can be appended before the past has been read. All
 * methods may be called from any thread; none of them blocks but {@link #recover}, {@link #read} and {@link #close}.
 */
public interface WriteAheadLog extends AutoCloseable {
    /**
     * Replays every intact record in order, cuts off a torn tail (keeping a copy beside it), and returns the log. When
     * it returns, everything that was replayed is durable. Recovering twice changes nothing the second time.
     *
     * @param directory made when it is missing; holds nothing but this log
     * @param replay called on this thread; what it throws ends the recovery and is passed on
     * @throws LogException.Corrupt if a record before the tail is damaged; the directory is left as it was
     * @throws LogException.NewerFormat if a newer version wrote the log; the directory is left as it was
     * @throws LogException.Locked if the log is in use
     * @throws LogException.UnwritableDirectory if the directory cannot be made or written
     * @throws LogException.NoSpace if there is no room for the first segment
     * @throws LogException.Failed if reading or writing fails otherwise
     */
    static Recovered recover(Path directory, LogOptions options, RecordConsumer replay) {
        return SegmentedLog.recover(directory, options, new DiskStorage(), replay);
    }

    /**
     * Reads the records from a sequence number on, without the lock: also while another process appends. It ends at the
     * last record that is intact; what stands there may not have been acknowledged yet.
     *
     * @param visitor says after each record whether to go on
     * @throws LogException.Corrupt if a record is damaged that newer segments follow
     * @throws LogException.NewerFormat if a newer version wrote the log
     * @throws LogException.Failed if reading fails
     */
    static void read(Path directory, long fromSequence, RecordVisitor visitor) {
        LogReader.read(directory, fromSequence, new DiskStorage(), visitor);
    }

    /**
     * Queues a record. The place in the log is the place in the queue, whether or not anyone subscribes; each
     * subscription sees the same outcome, and cancelling one changes nothing.
     *
     * @param payload at least one byte; not to be changed afterwards
     * @return the record's sequence number, once the record is durable; or a {@link LogException}, with the meaning
     *     that its class gives
     */
    default Uni<Long> append(byte[] payload) {
        return append(Payload.of(payload));
    }

    /** Queues a record whose bytes depend on the record before it. Otherwise like {@link #append(byte[])}. */
    Uni<Long> append(Payload payload);

    /** The sequence number of the newest durable record, 0 if there is none. */
    long lastSequence();

    /** Whether the log can be written; never blocks. */
    Health health();

    /**
     * Writes what is queued, ends the writer and frees the directory. When it returns, everything accepted before is
     * durable or has failed. A second call does nothing.
     */
    @Override
    void close();

    /**
     * A recovered log.
     *
     * @param log ready to be appended to; the caller closes it
     * @param tail what was found at its end
     */
    record Recovered(WriteAheadLog log, Tail tail) {}
}
