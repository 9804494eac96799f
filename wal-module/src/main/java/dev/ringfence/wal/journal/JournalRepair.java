package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogRepair;
import dev.ringfence.wal.log.Storage;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes a damaged journal usable again, by giving up everything from the first damaged event on. Never by itself: what is
 * given up had been acknowledged.
 */
public final class JournalRepair {
    private static final String MARKER = "repair.unfinished";
    /** Events as JSON, an object a line. */
    public static final String SALVAGED = "salvaged.jsonl";

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private JournalRepair() {}

    /** What there is to repair. */
    public sealed interface Finding {
        /** Nothing. */
        record Nothing() implements Finding {}

        /** Nothing that a repair could mend: the events are intact, and what they name can only come from a backup. */
        record OutputsLost(JournalVerifier.Verdict.OutputsLost verdict) implements Finding {}

        /** Events are damaged. */
        record Damaged(Plan plan) implements Finding {}
    }

    /**
     * What a repair would do, or did.
     *
     * @param lastKept the newest event that stays
     * @param damage what is wrong behind it
     * @param readable how many events behind it are what was written, each by itself; what lies between them is lost, so
     *     they do not go on with the journal
     * @param jobs whose events those are
     * @param unsure live jobs whose later events may be among what is given up; they end, so that nothing is done twice
     */
    public record Plan(long lastKept, String damage, long readable, Set<String> jobs, List<String> unsure) {
        public Plan {
            jobs = Set.copyOf(jobs);
            unsure = List.copyOf(unsure);
        }
    }

    /** What is damaged, and what would be done. Changes nothing. */
    public static Finding examine(Path directory) {
        var verdict = JournalVerifier.verify(directory, _ -> true);
        if (verdict instanceof JournalVerifier.Verdict.Broken broken) {
            return new Finding.Damaged(plan(
                    directory,
                    "event " + broken.sequence() + ", " + broken.file() + " at offset " + broken.offset() + ": "
                            + broken.what()));
        }
        if (Files.exists(directory.resolve(MARKER))) {
            return new Finding.Damaged(plan(directory, "a repair was cut short"));
        }
        return verdict instanceof JournalVerifier.Verdict.OutputsLost lost
                ? new Finding.OutputsLost(lost)
                : new Finding.Nothing();
    }

    private static Plan plan(Path directory, String damage) {
        var log = LogRepair.examine(directory);
        var kept = lastIntactEvent(directory, log.lastSequence());
        var jobs = new LinkedHashSet<String>();
        long readable = behind(directory, kept.sequence(), jobs);
        return new Plan(kept.sequence(), damage, readable, jobs, kept.live());
    }

    /**
     * Does what a plan says.
     *
     * @param copies gets all files that change or go, and as {@value #SALVAGED} the events behind the damage that can
     *     still be read
     * @throws LogException.Locked if a service uses the journal
     */
    public static void repair(Path directory, Plan plan, Path copies, JournalOptions options) {
        try {
            // From here on no service starts before the repair is whole: a job whose end is lost must not run again.
            JournalFiles.of(directory)
                    .files()
                    .write(
                            directory.resolve(MARKER),
                            ByteBuffer.wrap("journal repair\n".getBytes(StandardCharsets.US_ASCII)));
            keepReadable(directory, plan.lastKept(), copies);
            LogRepair.cut(directory, plan.lastKept(), copies);
            dropSnapshotsAfter(JournalFiles.of(directory), plan.lastKept());
            endTheUnsure(directory, plan.lastKept(), options);
            Files.delete(directory.resolve(MARKER));
            JournalFiles.of(directory).files().syncDirectory(directory);
        } catch (IOException e) {
            throw new JournalException.Unwritable(directory, e);
        }
    }

    /** @throws JournalException.Unfinished if a repair was cut short */
    static void requireNoneUnfinished(Path directory) {
        if (Files.exists(directory.resolve(MARKER))) {
            throw new JournalException.Unfinished(directory);
        }
    }

    private record Kept(long sequence, List<String> live) {}

    /** The last event up to which the chain holds, and the jobs that are live there. */
    private static Kept lastIntactEvent(Path directory, long lastReadable) {
        var state = new HashFold();
        try {
            LogRepair.salvage(directory, 0, (sequence, payload) -> state.accept(sequence, payload, lastReadable));
        } catch (JournalException e) {
            // As far as it went is what can be kept.
        }
        return new Kept(Math.max(state.last, 0), List.copyOf(state.live));
    }

    private static final class HashFold {
        private final LinkedHashSet<String> live = new LinkedHashSet<>();
        private final LiveFold fold = new LiveFold();
        private byte @Nullable [] link;
        private long first;
        private long last;

        void accept(long sequence, byte[] payload, long lastReadable) {
            if (sequence > lastReadable) {
                return;
            }
            var before = link;
            if (before == null) {
                first = sequence;
                last = sequence - 1;
            }
            var event = before != null
                    ? EventRecord.decode(sequence, before, payload)
                    : sequence == 1
                            ? EventRecord.decode(sequence, new byte[EventRecord.LINK_BYTES], payload)
                            : EventRecord.decodeUnlinked(sequence, payload);
            fold.accept(first > 1, sequence, event);
            switch (event) {
                case JobEvent.Submitted submitted -> live.add(submitted.jobId());
                case JobEvent.End end -> live.remove(end.jobId());
                default -> {}
            }
            link = EventRecord.linkTo(payload);
            last = sequence;
        }
    }

    /** How many events behind one can still be read somehow. */
    private static long behind(Path directory, long lastKept, Set<String> jobs) {
        var count = new long[1];
        salvage(directory, lastKept, entry -> {
            if (entry.event() instanceof JobEvent ofJob) {
                jobs.add(ofJob.jobId());
            }
            count[0]++;
        });
        return count[0];
    }

    private static void keepReadable(Path directory, long lastKept, Path copies) throws IOException {
        new DurableFiles(Storage.disk()).makeDirectory(copies);
        try (var file = FileChannel.open(
                        copies.resolve(SALVAGED), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                var out = new BufferedOutputStream(Channels.newOutputStream(file))) {
            salvage(directory, lastKept, entry -> {
                try {
                    out.write(EventCodec.bytes(entry.json()));
                    out.write('\n');
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            out.flush();
            file.force(true);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static void salvage(Path directory, long lastKept, Consumer<JournalRecord> consumer) {
        LogRepair.salvage(directory, lastKept, (sequence, payload) -> {
            JournalEvent event;
            try {
                event = EventRecord.decodeUnlinked(sequence, payload);
            } catch (JournalException e) {
                // Its bytes are intact and mean nothing.
                return;
            }
            consumer.accept(new JournalRecord(sequence, event));
        });
    }

    private static void dropSnapshotsAfter(JournalFiles files, long lastKept) throws IOException {
        for (var file : files.snapshotFiles()) {
            if (JournalFiles.sequenceOf(file) > lastKept) {
                Files.delete(file);
            }
        }
        try {
            files.files().syncDirectory(files.snapshots());
        } catch (NoSuchFileException _) {
            // None was ever written.
        }
    }

    /** A job that is live here may have begun or ended in what was given up. */
    private static void endTheUnsure(Path directory, long lastKept, JournalOptions options) {
        var reason = "the journal was repaired behind event " + lastKept
                + "; whether the work had begun or ended is not known";
        var recovered = Journal.recoverRepaired(directory, options);
        try (var journal = recovered.journal()) {
            for (var job : recovered.jobs()) {
                var end = job.state() instanceof JobState.Started
                        ? new JobEvent.Interrupted(job.jobId(), Instant.now(), reason)
                        : new JobEvent.Cancelled(
                                job.jobId(), Instant.now(), reason, JsonNodeFactory.instance.objectNode());
                var _ = journal.append(end).await().atMost(PATIENCE);
            }
        }
    }
}
