package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogRemains;
import dev.ringfence.wal.log.LogRepair;
import dev.ringfence.wal.log.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Makes a damaged journal usable again: what is said elsewhere is written again, and everything from the first damaged event
 * on is given up. Never by itself: what is given up had been acknowledged. What retention would give up is not: a repair
 * knows nothing of an operator's settings.
 *
 * <p>The only way to repair is to hold the directory's lock, from before the look at the damage until all is done.
 */
public final class JournalRepair implements AutoCloseable {
    private static final String MARKER = "repair.unfinished";
    /** Events as JSON, an object a line. */
    public static final String SALVAGED = "salvaged.jsonl";

    /** What there is to repair. */
    public sealed interface Finding {
        /** Nothing. */
        record Nothing() implements Finding {}

        /** Nothing that a repair could mend: the events are intact, and what they name can only come from a backup. */
        record OutputsLost(JournalVerifier.Verdict.OutputsLost verdict) implements Finding {}

        /**
         * Nothing can be kept: there is no first segment to begin with. Restore the directory, or move it aside.
         *
         * @param readable how many events are what was written, each by itself
         */
        record Hopeless(String damage, long readable) implements Finding {}

        /**
         * An event is what was written, and means nothing to this version. Start the newer version that wrote it, or repair
         * with that one what else there is: this one mends and gives up nothing, since it cannot tell what it would keep.
         *
         * @param sequence of the event
         */
        record NewerVersion(long sequence, String what) implements Finding {}

        /** Something is damaged that can be mended or given up. */
        record Damaged(Plan plan) implements Finding {}
    }

    /**
     * What a repair would do, or did.
     *
     * @param lastKept the newest event that stays
     * @param damage what is wrong
     * @param mended files that are written again from what others say, with nothing lost
     * @param beginUnsure whether older events may be missing that retention had not given up: the file that says where
     *     the journal begins is written again from the first segment that is there, and nothing proves that it was the first
     * @param givesUp whether everything behind the newest event that stays is given up
     * @param readable how many events behind it are what was written, each by itself; what lies between them is lost, so
     *     they do not go on with the journal
     * @param jobs whose events those are
     * @param unsure live jobs whose later events may be among what is given up; they end, so that nothing is done twice
     */
    public record Plan(
            long lastKept,
            String damage,
            List<Path> mended,
            boolean beginUnsure,
            boolean givesUp,
            long readable,
            Set<String> jobs,
            List<String> unsure) {
        public Plan {
            mended = List.copyOf(mended);
            jobs = Set.copyOf(jobs);
            unsure = List.copyOf(unsure);
        }
    }

    private final Path directory;
    private final JournalOptions options;
    private final LogRepair log;

    private JournalRepair(Path directory, JournalOptions options, LogRepair log) {
        this.directory = directory;
        this.options = options;
        this.log = log;
    }

    /**
     * Takes a journal to repair it; the caller closes it.
     *
     * @param options how the events are written that end jobs; nothing is given up by their retention
     * @throws LogException.Locked if a service uses the journal
     * @throws LogException.UnwritableDirectory if the directory cannot be written
     */
    public static JournalRepair lock(Path directory, JournalOptions options) {
        return new JournalRepair(directory, options, LogRepair.lock(directory, options.log()));
    }

    /** What is damaged, and what would be done. Changes nothing and needs no lock, so a service may change it meanwhile. */
    public static Finding examine(Path directory) {
        return examine(directory, Storage.disk());
    }

    /** What is damaged, and what is to be done. Changes nothing. */
    public Finding examine() {
        return examine(directory, options.log().storage());
    }

    static Finding examine(Path directory, Storage storage) {
        var verdict = JournalVerifier.verify(directory, storage, _ -> true);
        if (verdict instanceof JournalVerifier.Verdict.NewerVersion newer) {
            return new Finding.NewerVersion(newer.sequence(), newer.what());
        }
        if (verdict instanceof JournalVerifier.Verdict.Broken broken) {
            return examine(
                    directory,
                    storage,
                    "event " + broken.sequence() + ", " + broken.file() + " at offset " + broken.offset() + ": "
                            + broken.what());
        }
        if (storage.exists(directory.resolve(MARKER))) {
            return examine(directory, storage, "a repair was cut short");
        }
        return verdict instanceof JournalVerifier.Verdict.OutputsLost lost
                ? new Finding.OutputsLost(lost)
                : new Finding.Nothing();
    }

    private static Finding examine(Path directory, Storage storage, String damage) {
        var kept = Kept.of(directory, storage);
        if (kept.unread() != null) {
            return new Finding.NewerVersion(
                    kept.last() + 1, String.valueOf(kept.unread().getMessage()));
        }
        var jobs = new LinkedHashSet<String>();
        var readable = new long[1];
        if (kept.givesUp() || kept.nothing()) {
            SalvagedEvents.read(LogRemains.of(directory, storage), kept.nothing() ? 0 : kept.last(), entry -> {
                if (entry.event() instanceof JobEvent ofJob) {
                    jobs.add(ofJob.jobId());
                }
                readable[0]++;
            });
        }
        return kept.nothing()
                ? new Finding.Hopeless(damage, readable[0])
                : new Finding.Damaged(new Plan(
                        kept.last(),
                        damage,
                        kept.extent().mends().stream()
                                .map(LogRemains.Mend::file)
                                .toList(),
                        kept.beginUnsure(),
                        kept.givesUp(),
                        readable[0],
                        jobs,
                        kept.givesUp()
                                ? kept.proof().live().stream()
                                        .map(JobRecord::jobId)
                                        .toList()
                                : List.of()));
    }

    /**
     * What can be kept.
     *
     * @param last the newest event
     * @param blobs the hashes of the blobs that the events name
     * @param unread why the event behind it cannot be read though it is what was written, if that is what ends it
     */
    private record Kept(
            LogRemains.Extent extent,
            EventProof proof,
            Set<String> blobs,
            long last,
            boolean givesUp,
            JournalException.@Nullable NotReadable unread) {
        static Kept of(Path directory, Storage storage) {
            final EventProof proof;
            try {
                proof = new EventProof(JournalFiles.of(directory, storage));
            } catch (IOException | UncheckedIOException e) {
                throw new JournalException.Unreadable(directory, e);
            }
            var blobs = new HashSet<String>();
            var broken = new boolean[1];
            var unread = new JournalException.NotReadable[1];
            var extent = LogRemains.of(directory, storage).read((sequence, payload) -> {
                try {
                    if (proof.accept(sequence, payload) instanceof JobEvent.End end) {
                        end.blobs().forEach(blob -> blobs.add(blob.sha256()));
                    }
                    return true;
                } catch (JournalException.Broken _) {
                    // As far as it went is what can be kept.
                    broken[0] = true;
                    return false;
                } catch (JournalException.NotReadable e) {
                    // Checksum and hash have proved it by then: an acknowledged event, which is not this version's to
                    // cut.
                    unread[0] = e;
                    return false;
                }
            });
            var last = Math.max(proof.last(), extent.firstSequence() - 1);
            var givesUp = broken[0]
                    || extent.damage() != null
                    || proof.missing().isPresent()
                    || storage.exists(directory.resolve(MARKER));
            return new Kept(extent, proof, blobs, last, givesUp, unread[0]);
        }

        /**
         * There is nothing to begin with. Or nothing says any more that the journal does not begin with its first event, and
         * whether the segments in front were given up or are missing cannot be told either: damage is not passed over.
         */
        boolean nothing() {
            return !extent.begins()
                    || (beginUnsure() && extent.mends().getFirst().wasMissing());
        }

        /** A snapshot proves that what comes before its oldest event had been given up. */
        boolean beginUnsure() {
            return extent.mends().stream().anyMatch(LogRemains.Mend::isStart)
                    && extent.firstSequence() > 1
                    && proof.givenUpBefore() < extent.firstSequence();
        }
    }

    /**
     * Does what {@link #examine()} says. Cut short, it can be done again, and nothing starts before it is whole if anything
     * was given up by then.
     *
     * @param copies gets all files that change or go, and as {@value #SALVAGED} the events behind the damage that can
     *     still be read
     * @throws IllegalStateException if nothing can be kept
     * @throws JournalException.NotReadable if a newer version wrote an event; nothing was changed
     * @throws LogException.NoSpace if there is no room to mend it, or for an event that ends a job
     * @throws JournalException.Unwritable if a copy or a file beside the log cannot be written
     */
    public void carryOut(Path copies) {
        var files = JournalFiles.of(directory, options.log().storage());
        var kept = Kept.of(directory, options.log().storage());
        if (kept.unread() != null) {
            throw kept.unread();
        }
        if (kept.nothing()) {
            throw new IllegalStateException("nothing can be kept of " + directory);
        }
        try {
            files.files().makeDirectory(copies);
            for (var mend : kept.extent().mends()) {
                if (!mend.wasMissing()) {
                    copy(files.files(), mend.file(), copies);
                }
            }
            log.mend(kept.extent().mends());
            log.makeCertain();
            if (!kept.givesUp()) {
                return;
            }
            var later = files.madeAfter(kept.last());
            keepReadable(kept.last(), copies);
            for (var file : log.filesBehind(kept.last())) {
                copy(files.files(), file, copies);
            }
            keepBeside(files, later, kept.blobs(), copies);
            // From here on no service starts before the repair is whole: a job whose end is lost must not run again.
            files.files()
                    .write(
                            directory.resolve(MARKER),
                            ByteBuffer.wrap("journal repair\n".getBytes(StandardCharsets.US_ASCII)));
            log.cutBehind(kept.last());
            drop(files, later);
            endTheUnsure(kept);
            files.files().deleteIfThere(directory.resolve(MARKER));
            files.files().syncDirectory(directory);
        } catch (IOException | UncheckedIOException e) {
            throw new JournalException.Unwritable(directory, e);
        }
    }

    /**
     * Writes what can still be read of a journal of which nothing can be kept. Changes nothing of it.
     *
     * @throws JournalException.Unwritable if it cannot be written
     */
    public void saveReadable(Path copies) {
        try {
            new DurableFiles(options.log().storage()).makeDirectory(copies);
            keepReadable(0, copies);
        } catch (IOException | UncheckedIOException e) {
            throw new JournalException.Unwritable(directory, e);
        }
    }

    private void keepReadable(long lastKept, Path copies) throws IOException {
        SalvagedEvents.write(
                log.remains(), lastKept, new DurableFiles(options.log().storage()), copies.resolve(SALVAGED));
    }

    /** @throws JournalException.Unfinished if a repair was cut short */
    static void requireNoneUnfinished(Path directory, Storage storage) {
        if (storage.exists(directory.resolve(MARKER))) {
            throw new JournalException.Unfinished(directory);
        }
    }

    /** What is there already was copied before it was mended, and stays as it is. */
    private static void copy(DurableFiles files, Path file, Path folder) throws IOException {
        var copy = folder.resolve(file.getFileName());
        if (!files.storage().exists(copy)) {
            files.copy(file, copy);
        }
    }

    /** What was made of the events that go, and the blobs that none but they may name: the next start removes those. */
    private void keepBeside(JournalFiles files, List<Path> later, Set<String> named, Path copies) throws IOException {
        var durable = files.files();
        for (var file : later) {
            var folder = copies.resolve(file.getName(file.getNameCount() - 2));
            durable.makeDirectory(folder);
            copy(durable, file, folder);
        }
        for (var name : new BlobStore(files).names()) {
            if (!named.contains(name)) {
                var folder = copies.resolve(files.blobs().getFileName());
                durable.makeDirectory(folder);
                copy(durable, files.blobs().resolve(name), folder);
            }
        }
    }

    private static void drop(JournalFiles files, List<Path> later) throws IOException {
        for (var file : later) {
            files.files().deleteIfThere(file);
        }
        // Also where there is nothing left to remove: a repair that was cut short may have removed it.
        for (var folder : List.of(files.snapshots(), files.index())) {
            try {
                files.files().syncDirectory(folder);
            } catch (NoSuchFileException _) {
                // Nothing was ever written there.
            }
        }
    }

    /**
     * A job that is live here may have begun or ended in what was given up. The log alone is appended to: a journal that is
     * open would give up what is old, and the blobs that nothing names. Opening writes the newest segment once more, also
     * when no job is left to end: the ends that an earlier repair wrote may be on no disk when its sync failed.
     */
    private void endTheUnsure(Kept kept) {
        var reason = "the journal was repaired behind event " + kept.last()
                + "; whether the work had begun or ended is not known";
        try (var appending = log.open(Math.max(kept.extent().firstSequence(), kept.last()))) {
            for (var job : kept.proof().live()) {
                var end = job.state() instanceof JobState.Started
                        ? new JobEvent.Interrupted(job.jobId(), Instant.now(), reason)
                        : new JobEvent.Cancelled(
                                job.jobId(), Instant.now(), reason, JsonNodeFactory.instance.objectNode());
                var _ = appending
                        .append(EventRecord.of(end, options.maxEventBytes()))
                        .toCompletableFuture()
                        .join();
            }
        } catch (CompletionException e) {
            throw e.getCause() instanceof LogException known ? known : e;
        }
    }

    /** Lets the service start again. */
    @Override
    public void close() {
        log.close();
    }
}
