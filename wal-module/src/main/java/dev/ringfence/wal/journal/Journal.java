package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.Segment;
import dev.ringfence.wal.log.Storage;
import dev.ringfence.wal.log.Tail;
import dev.ringfence.wal.log.WriteAheadLog;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The journal of all jobs' events, and of acts that are no job's. It takes only events that can follow a job's state, so
 * every job has exactly one end, and a recovery always succeeds in rebuilding the jobs.
 *
 * <p>All methods may be called from any thread. {@link #append}, {@link #lastSequence}, {@link #firstSequence} and
 * {@link #health} do not wait for a disk, but for the undoing of a job that ended long ago; all others block.
 */
public final class Journal implements AutoCloseable {
    /** How many jobs of the index are looked at for one page. */
    private static final int LOOKED_AT = 20_000;

    private final Path directory;
    private final WriteAheadLog log;
    private final JobTable table;
    private final JobIndex index;
    private final BlobStore blobs;
    private final SnapshotKeeper keeper;
    private final JobLines lines;
    private final int maxEventBytes;

    private Journal(
            Path directory,
            WriteAheadLog log,
            JobTable table,
            JobIndex index,
            BlobStore blobs,
            SnapshotKeeper keeper,
            int maxEventBytes) {
        this.directory = directory;
        this.log = log;
        this.table = table;
        this.index = index;
        this.blobs = blobs;
        this.keeper = keeper;
        this.maxEventBytes = maxEventBytes;
        lines = new JobLines(log, table, keeper::written, keeper::wake);
    }

    /**
     * Rebuilds the jobs from the newest snapshot and the events after it, or from all events if there is no snapshot that
     * can be used. Checks the chain of hashes of what it reads. When it returns, everything that it returns is durable.
     *
     * @param directory made when it is missing; holds nothing but this journal
     * @throws JournalException.Broken if an event does not follow the one before it, or an event is missing that a
     *     snapshot has seen
     * @throws JournalException.NotReadable if a newer version wrote an event
     * @throws JournalException.Unfinished if a repair was cut short
     * @throws JournalException.LogMissing if there is no log, and there was one
     * @throws JournalException.Unwritable if a file beside the log cannot be read or written
     * @throws LogException as {@link WriteAheadLog#recover} says
     */
    public static Recovered recover(Path directory, JournalOptions options) {
        JournalRepair.requireNoneUnfinished(directory, options.log().storage());
        var done = new Recovering(directory, options).run();
        var log = done.log().log();
        try {
            var files =
                    new JournalFiles(directory, new DurableFiles(options.log().storage()));
            var blobs = new BlobStore(files);
            blobs.removeUnfinished();
            var index = new JobIndex(log::firstSequence);
            index.become(done.state().runs(), done.state().firstSequence());
            var table = new JobTable(index);
            var live = done.state().liveJobs();
            live.forEach(table::put);
            done.state().ended().forEach(table::put);
            var keeper = new SnapshotKeeper(files, options, log, table, index, blobs, done.state());
            keeper.start(done.snapshotAt());
            var journal = new Journal(directory, log, table, index, blobs, keeper, options.maxEventBytes());
            return new Recovered(journal, live, done.log().tail());
        } catch (IOException e) {
            closeAfter(e, log);
            throw new JournalException.Unwritable(directory, e);
        } catch (RuntimeException | Error e) {
            closeAfter(e, log);
            throw e;
        }
    }

    private static void closeAfter(Throwable failure, WriteAheadLog log) {
        try {
            log.close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Reads the events from a sequence number on, without the lock: also while another process appends. It ends at the
     * last event that is intact; what stands there may not have been acknowledged yet.
     *
     * @param fromSequence 0 for all that are kept
     * @throws JournalException.Broken if an event does not follow the one before it
     * @throws JournalException.NotReadable if a newer version wrote an event
     * @throws LogException as {@link WriteAheadLog#read} says
     */
    public static void read(Path directory, long fromSequence, Consumer<JournalRecord> consumer) {
        readWhile(directory, fromSequence, entry -> {
            consumer.accept(entry);
            return true;
        });
    }

    /** Like {@link #read}, until the predicate says that it has seen enough. */
    public static void readWhile(Path directory, long fromSequence, Predicate<JournalRecord> goOn) {
        readWhile(directory, fromSequence, Storage.disk(), goOn);
    }

    static void readWhile(Path directory, long fromSequence, Storage storage, Predicate<JournalRecord> goOn) {
        WriteAheadLog.read(directory, fromSequence, storage, new ChainedEvents(goOn));
    }

    /**
     * Queues an event. The events of one job are written one after the other, in the order of these calls: each only
     * once the one before it is durable, or has failed. Each subscription sees the same outcome, and cancelling one
     * changes nothing. What is told of the outcome runs on the log's writer thread: it has to be quick, and go elsewhere
     * with anything more. The id of a job that is submitted has to be new: only the jobs in memory are searched for it.
     *
     * @return the event's sequence number, once the event is durable. Or {@link JournalException.IllegalTransition},
     *     {@link JournalException.TooLarge}, {@link JournalException.NotEncodable},
     *     {@link JournalException.Saturated}, or a {@link LogException} with the meaning that its class gives
     */
    public Uni<Long> append(JobEvent event) {
        return append(List.of(event));
    }

    /**
     * Queues events of one job that come one behind the other and share a sync: all of them are acknowledged, or none. A
     * crash before that may leave the first of them without the others. Otherwise like {@link #append(JobEvent)}.
     *
     * @return the last event's sequence number
     * @throws IllegalArgumentException if there is none, or they are not of one job
     */
    public Uni<Long> append(List<? extends JobEvent> events) {
        if (events.stream().map(JobEvent::jobId).distinct().count() != 1) {
            throw new IllegalArgumentException("not events of one job: " + events);
        }
        final List<EventRecord> encoded;
        try {
            encoded = events.stream()
                    .map(event -> EventRecord.of(event, maxEventBytes))
                    .toList();
        } catch (JournalException refused) {
            return Uni.createFrom().failure(refused);
        }
        return lines.append(List.copyOf(events), encoded);
    }

    /**
     * Queues an act that is no job's event. Returns at once; otherwise like {@link #append(JobEvent)}.
     *
     * @return the event's sequence number, once it is durable; or the failure
     */
    public Uni<Long> append(Audited act) {
        final EventRecord encoded;
        try {
            encoded = EventRecord.of(act, maxEventBytes);
        } catch (JournalException refused) {
            return Uni.createFrom().failure(refused);
        }
        var appended = log.append(List.of(encoded));
        var _ = appended.whenComplete((sequence, failure) -> {
            if (failure == null) {
                keeper.written(sequence);
            }
        });
        return Uni.createFrom().completionStage(appended);
    }

    /**
     * A job with all that it was given and gave; empty if there is no such job, or its events were given up.
     *
     * @throws JournalException.IndexDamaged if it cannot be looked for now
     */
    public Optional<JobRecord> find(String id) {
        var live = table.live(id);
        return live != null ? Optional.of(live) : look(() -> table.find(id)).flatMap(this::whole);
    }

    /**
     * A job without what it was given and gave; otherwise like {@link #find}.
     *
     * @throws JournalException.IndexDamaged if it cannot be looked for now
     */
    public Optional<JobSummary> summary(String id) {
        return look(() -> table.find(id));
    }

    /**
     * The newest job that an agent submitted with an idempotency key and whose events are kept.
     *
     * @throws JournalException.IndexDamaged if it cannot be looked for now
     */
    public Optional<JobSummary> findByKey(String agent, String key) {
        return look(() -> table.findByKey(agent, key));
    }

    /**
     * Jobs that match, the newest submission first.
     *
     * @param before a page's {@link JobPage#next}, or empty for the first page
     * @param most how many at most there are on the page
     * @throws JournalException.IndexDamaged if they cannot be looked for now
     */
    public JobPage list(JobQuery query, OptionalLong before, int most) {
        return look(() -> index.consistently(() -> page(query, before.orElse(Long.MAX_VALUE), most)));
    }

    private JobPage page(JobQuery query, long before, int most) {
        // Memory first: what moves to the index meanwhile is then seen twice, and not never.
        var found = new TreeMap<Long, JobSummary>();
        table.before(before, query, most).forEach(job -> found.put(job.firstSequence(), job));
        var walk = index.before(before);
        long reached = 0;
        int matched = 0;
        while (matched < most) {
            var job = walk.next();
            if (job == null || job.firstSequence() <= query.after()) {
                break;
            }
            if (query.matches(job) && !table.has(job.jobId())) {
                found.putIfAbsent(job.firstSequence(), job);
                matched++;
            }
            if (walk.looked() >= LOOKED_AT) {
                reached = job.firstSequence();
                break;
            }
        }
        // What was not looked at yet comes before anything older that is in memory.
        var jobs = found.tailMap(reached, true).descendingMap().values().stream()
                .limit(most)
                .toList();
        boolean full = jobs.size() == most;
        return new JobPage(
                jobs,
                full
                        ? OptionalLong.of(jobs.getLast().firstSequence())
                        : reached > 0 ? OptionalLong.of(reached) : OptionalLong.empty());
    }

    private <T> T look(Supplier<T> look) {
        try {
            return look.get();
        } catch (JournalException.IndexDamaged e) {
            keeper.wake();
            throw e;
        }
    }

    private Optional<JobRecord> whole(JobSummary job) {
        try {
            var undone = job.rolledBack() ? event(job, job.lastSequence(), JobEvent.RolledBack.class) : null;
            return Optional.of(new JobRecord(
                    event(job, job.firstSequence(), JobEvent.Submitted.class),
                    new JobState.Ended(
                            job.startedAt(),
                            job.attempts(),
                            job.tier(),
                            event(job, job.endSequence(), JobEvent.End.class),
                            job.endSequence(),
                            undone),
                    job.firstSequence(),
                    job.lastSequence()));
        } catch (LogException.Discarded _) {
            return Optional.empty();
        }
    }

    private <T extends JobEvent> T event(JobSummary job, long sequence, Class<T> type) {
        var found = new JournalEvent[1];
        log.read(sequence, (_, _, payload) -> {
            found[0] = EventRecord.decodeUnlinked(sequence, payload);
            return false;
        });
        if (found[0] instanceof JobEvent event
                && type.isInstance(event)
                && event.jobId().equals(job.jobId())) {
            return type.cast(event);
        }
        var why = "event " + sequence + " is not the one of job " + job.jobId() + " that it names";
        keeper.rebuild(why);
        throw new JournalException.IndexDamaged(why, null);
    }

    /** Where it is. */
    public Path directory() {
        return directory;
    }

    /** The bytes that events name. */
    public BlobStore blobs() {
        return blobs;
    }

    /** The sequence number of the newest durable event, 0 if there is none. */
    public long lastSequence() {
        return log.lastSequence();
    }

    /** The sequence number of the oldest event that is kept, or will be if there is none yet. */
    public long firstSequence() {
        return log.firstSequence();
    }

    /** Whether events can be written; never blocks. */
    public Health health() {
        return log.health();
    }

    /** What there is, without reading the events. */
    public Figures figures() {
        var segments = log.segments();
        return new Figures(
                log.firstSequence(),
                log.lastSequence(),
                segments.size(),
                segments.stream().mapToLong(Segment::bytes).sum(),
                table.liveCount(),
                table.endedCount(),
                index.runs().size(),
                index.damage(),
                keeper.snapshotSequence(),
                blobs.total());
    }

    /**
     * How much there is.
     *
     * @param endedInMemory ended jobs that no file of the index has yet
     * @param indexDamage why the index is being made anew, if it is
     * @param snapshotSequence the newest event that a snapshot covers, 0 if there is none
     */
    public record Figures(
            long firstSequence,
            long lastSequence,
            int segments,
            long logBytes,
            int liveJobs,
            int endedInMemory,
            int indexFiles,
            @Nullable String indexDamage,
            long snapshotSequence,
            BlobStore.Total blobs) {}

    /** Writes a snapshot of all that is durable, and gives up what is too old; both happen by themselves as well. */
    public void snapshotNow() throws IOException {
        keeper.snapshotNow();
    }

    /** Writes what is queued and a last snapshot, and frees the directory. A second call does nothing. */
    @Override
    public void close() {
        keeper.close();
        log.close();
    }

    /**
     * A recovered journal.
     *
     * @param journal ready to be appended to; the caller closes it
     * @param jobs all live ones, in the order of their submission
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
