package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.RecordVisitor;
import dev.ringfence.wal.log.Tail;
import dev.ringfence.wal.log.WriteAheadLog;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The journal of all jobs' events. It takes only events that can follow a job's state, so every job has exactly one
 * end, and a recovery always succeeds in rebuilding the jobs.
 *
 * <p>All methods may be called from any thread; none of them blocks but {@link #recover}, {@link #read},
 * {@link #readWhile} and {@link #close}.
 */
public final class Journal implements AutoCloseable {
    private final WriteAheadLog log;
    private final JobLines lines;
    private final int maxEventBytes;

    Journal(WriteAheadLog log, JobLines lines, int maxEventBytes) {
        this.log = log;
        this.lines = lines;
        this.maxEventBytes = maxEventBytes;
    }

    /**
     * Reads the whole journal, checks its chain of hashes and folds its events into jobs. When it returns, everything
     * that it returns is durable.
     *
     * @param directory made when it is missing; holds nothing but this journal
     * @throws JournalException.Broken if an event does not follow the one before it
     * @throws JournalException.NotReadable if a newer version wrote an event
     * @throws dev.ringfence.wal.log.LogException as {@link WriteAheadLog#recover} says
     */
    public static Recovered recover(Path directory, JournalOptions options) {
        var fold = new JournalFold(options.endedJobs(), options.endedJobsBytes());
        var recovered = WriteAheadLog.recover(directory, options.log(), fold);
        var lines = new JobLines(recovered.log(), options.endedJobs(), fold.jobs());
        var journal = new Journal(recovered.log(), lines, options.maxEventBytes());
        return new Recovered(journal, fold.jobs(), recovered.tail());
    }

    /**
     * Reads the events from a sequence number on, without the lock: also while another process appends. It ends at the
     * last event that is intact; what stands there may not have been acknowledged yet.
     *
     * @param fromSequence 1 for all
     * @throws JournalException.Broken if an event does not follow the one before it
     * @throws JournalException.NotReadable if a newer version wrote an event
     * @throws dev.ringfence.wal.log.LogException as {@link WriteAheadLog#read} says
     */
    public static void read(Path directory, long fromSequence, Consumer<JournalRecord> consumer) {
        readWhile(directory, fromSequence, entry -> {
            consumer.accept(entry);
            return true;
        });
    }

    /** Like {@link #read}, until the predicate says that it has seen enough. */
    public static void readWhile(Path directory, long fromSequence, Predicate<JournalRecord> goOn) {
        RecordVisitor visitor = new ChainedEvents(goOn);
        WriteAheadLog.read(directory, fromSequence, visitor);
    }

    /**
     * Queues an event. The events of one job are written one after the other, in the order of these calls: each only
     * once the one before it is durable, or has failed. Each subscription sees the same outcome, and cancelling one
     * changes nothing.
     *
     * @return the event's sequence number, once the event is durable. Or {@link JournalException.IllegalTransition},
     *     {@link JournalException.TooLarge}, {@link JournalException.NotEncodable},
     *     {@link JournalException.Saturated}, or a
     *     {@link dev.ringfence.wal.log.LogException} with the meaning that its class gives
     */
    public Uni<Long> append(JobEvent event) {
        final EventRecord encoded;
        try {
            encoded = EventRecord.of(event, maxEventBytes);
        } catch (JournalException refused) {
            return Uni.createFrom().failure(refused);
        }
        return lines.append(event, encoded);
    }

    /** The sequence number of the newest durable event, 0 if there is none. */
    public long lastSequence() {
        return log.lastSequence();
    }

    /** Whether events can be written; never blocks. */
    public Health health() {
        return log.health();
    }

    /** Writes what is queued and frees the directory. A second call does nothing. */
    @Override
    public void close() {
        log.close();
    }

    /**
     * A recovered journal.
     *
     * @param journal ready to be appended to; the caller closes it
     * @param jobs in the order of their submission: all live ones, and the newest of the ended ones, as many as the
     *     options allow
     * @param tail what was found at the end of the bytes
     */
    public record Recovered(Journal journal, List<JobRecord> jobs, Tail tail) {
        public Recovered {
            Objects.requireNonNull(journal);
            jobs = List.copyOf(jobs);
            Objects.requireNonNull(tail);
        }
    }
}
