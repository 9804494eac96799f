package dev.ringfence.wal.log;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * An append-only log of byte records that survive a crash of the process and of the machine.
 *
 * <p>The only way to obtain a log is to recover one, so nothing can be appended before the past has been read. All
 * methods may be called from any thread; none of them blocks but {@link #recover}, {@link #read}, {@link #segments},
 * {@link #discardBefore} and {@link #close}.
 */
public interface WriteAheadLog extends AutoCloseable {
    /**
     * Replays every intact record in order, cuts off a torn tail (keeping a copy beside it), and returns the log. When
     * it returns, everything that was replayed is durable. Recovering twice changes nothing the second time.
     *
     * @param directory made when it is missing; holds nothing but this log
     * @param replay called on this thread; what it throws ends the recovery and is passed on
     * @throws LogException.Corrupt if a record before the tail is damaged; the directory is left as it was
     * @throws LogException.Discarded if the first record is no longer kept
     * @throws LogException.NewerFormat if a newer version wrote the log; the directory is left as it was
     * @throws LogException.Locked if the log is in use
     * @throws LogException.UnwritableDirectory if the directory cannot be made or written
     * @throws LogException.NoSpace if there is no room for the first segment or for the copy of a torn tail, or too many
     *     files are open; once there is, recovering succeeds
     * @throws LogException.Failed if reading or writing fails otherwise
     */
    static Recovered recover(Path directory, LogOptions options, RecordConsumer replay) {
        return recover(directory, options, 1, replay);
    }

    /**
     * Replays from a record on, for a caller that has a snapshot of what the records before it say. Segments that end
     * before that record are not read but for their headers; otherwise like {@link #recover(Path, LogOptions,
     * RecordConsumer)}.
     *
     * <p>That the snapshot belongs to this log is for the caller to prove: let the snapshot keep a checksum of its last
     * record, and replay from that record on.
     *
     * @param fromSequence at least 1; the record before it must have been in the log
     * @throws LogException.Discarded if that record is no longer kept
     * @throws LogException.Corrupt also if the log ends before the record in front of it; nothing was changed
     */
    static Recovered recover(Path directory, LogOptions options, long fromSequence, RecordConsumer replay) {
        return SegmentedLog.recover(directory, options, options.storage(), fromSequence, replay);
    }

    /**
     * Reads the records from a sequence number on, without the lock: also while another process appends. It ends at the
     * last record that is intact; what stands there may not have been acknowledged yet.
     *
     * <p>Segments that are discarded meanwhile do not disturb the segment that is being read; when the next one is gone
     * too, the reading fails with {@link LogException.Discarded}.
     *
     * @param fromSequence at least 1, or 0 for all that is kept
     * @param visitor says after each record whether to go on
     * @throws LogException.Discarded if the wanted record, or a later one that was not visited yet, is no longer kept
     * @throws LogException.Corrupt if a record is damaged that newer ones follow; all before it were visited
     * @throws LogException.NewerFormat if a newer version wrote the log
     * @throws LogException.NoSpace if too many files are open
     * @throws LogException.Failed if reading fails
     */
    static void read(Path directory, long fromSequence, RecordVisitor visitor) {
        read(directory, fromSequence, Storage.disk(), visitor);
    }

    /** Reads from another disk; otherwise like {@link #read(Path, long, RecordVisitor)}. */
    static void read(Path directory, long fromSequence, Storage storage, RecordVisitor visitor) {
        LogReader.read(directory, fromSequence, storage, visitor, true);
    }

    /**
     * Queues a record. The place in the log is the place in the queue.
     *
     * @param payload at least one byte; not to be changed afterwards
     * @return the record's sequence number, once the record is durable; or a {@link LogException}, with the meaning
     *     that its class gives. What depends on it runs where {@link LogOptions#acknowledgements} says
     */
    default CompletionStage<Long> append(byte[] payload) {
        return append(Payload.of(payload));
    }

    /** Queues a record whose bytes depend on the record before it. Otherwise like {@link #append(byte[])}. */
    default CompletionStage<Long> append(Payload payload) {
        return append(List.of(payload));
    }

    /**
     * Queues records that come one behind the other, with nothing between them: all of them are acknowledged, or none. A
     * crash before that may leave the first of them without the others. Otherwise like {@link #append(byte[])}.
     *
     * @param payloads at least one
     * @return the last record's sequence number
     */
    CompletionStage<Long> append(List<Payload> payloads);

    /** Reads from the log's own disk; otherwise like {@link #read(Path, long, RecordVisitor)}. */
    void read(long fromSequence, RecordVisitor visitor);

    /** The sequence number of the newest durable record, 0 if there is none. */
    long lastSequence();

    /** The sequence number of the oldest record that is kept, or will be if there is none yet. */
    long firstSequence();

    /**
     * The files that the log consists of, the oldest first. Reads their headers.
     *
     * @throws LogException.NoSpace if too many files are open
     * @throws LogException.Failed if reading fails
     */
    List<Segment> segments();

    /**
     * Gives up whole segments, the oldest first, as long as all their records come before the given one. The newest
     * record is always kept. When it returns, the files are gone for good; after a crash in the middle, they all are
     * or they all come back. Appending goes on meanwhile.
     *
     * <p>Whatever the records mean to the caller has to be durable elsewhere before.
     *
     * @return the sequence number of the oldest record kept
     * @throws LogException.NoSpace if there is not even room for the few bytes that say where the log begins; nothing
     *     was discarded
     * @throws LogException.Failed if the disk fails; when that was not in reading, nothing is written any more
     * @throws LogException.Closed if the log is closed
     */
    long discardBefore(long sequence);

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
