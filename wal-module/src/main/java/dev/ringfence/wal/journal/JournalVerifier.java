package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogRepair;
import dev.ringfence.wal.log.WriteAheadLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Proves a journal: that its log is intact, that each event carries the hash of the one before, that each can follow its
 * job's state, that snapshots agree, and that what events name is there and is what it was. Reads everything; changes
 * nothing; needs no lock.
 */
public final class JournalVerifier {
    /** What was found. */
    public sealed interface Verdict {
        /**
         * All of it is as it was written.
         *
         * @param anchor the hash that the oldest kept event carries of the one before it
         * @param head the hash of the newest event. Kept elsewhere, it shows later whether anything was changed
         */
        record Intact(long firstSequence, long lastSequence, String anchor, String head, long blobs, long blobBytes)
                implements Verdict {}

        /**
         * Something is not as it was written.
         *
         * @param sequence of the first event that is not, or of the one that names what is not
         * @param file where to look
         */
        record Broken(long sequence, Path file, long offset, String what) implements Verdict {}

        /**
         * Every event is as it was written, but outputs that some of them name are not. Nothing but a backup has them.
         *
         * @param count how many
         * @param outputs the first of them, {@value #OUTPUTS_NAMED} at most
         */
        record OutputsLost(
                long firstSequence, long lastSequence, String anchor, String head, long count, List<LostOutput> outputs)
                implements Verdict {
            public OutputsLost {
                outputs = List.copyOf(outputs);
            }
        }

        /** The caller did not want to go on. */
        record Stopped(long sequence) implements Verdict {}
    }

    /**
     * An output that is gone, or is not what it was.
     *
     * @param sequence of the event that names it
     * @param file where it was
     */
    public record LostOutput(long sequence, String jobId, Path file, String what) {}

    private static final int OUTPUTS_NAMED = 1_000;

    private final JournalFiles files;
    private final BlobStore store;
    private final LongPredicate progress;
    private final TreeMap<Long, byte[]> snapshots = new TreeMap<>();

    private byte @Nullable [] link;
    private byte[] anchor = new byte[EventRecord.LINK_BYTES];
    private long first;
    private long last;
    private long blobs;
    private long blobBytes;
    private long lostCount;
    private final List<LostOutput> lost = new ArrayList<>();

    private JournalVerifier(Path directory, LongPredicate progress) {
        files = JournalFiles.of(directory);
        store = new BlobStore(files);
        this.progress = progress;
    }

    /**
     * Verifies a journal.
     *
     * @param progress hears each event's number, and says whether to go on
     * @throws LogException.Failed if reading fails
     */
    public static Verdict verify(Path directory, LongPredicate progress) {
        return new JournalVerifier(directory, progress).run();
    }

    private static final class Enough extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Enough() {
            super("enough", null, false, false);
        }
    }

    private Verdict run() {
        try {
            readSnapshots();
            read();
        } catch (Enough _) {
            return new Verdict.Stopped(last);
        } catch (LogException.Corrupt e) {
            // A segment that is missing is noticed before the first event is read.
            var readable = LogRepair.examine(files.directory()).lastSequence();
            return new Verdict.Broken(
                    Math.max(last, readable) + 1, e.file(), e.offset(), String.valueOf(e.getMessage()));
        } catch (JournalException.Broken | JournalException.NotReadable e) {
            var place = LogRepair.locate(files.directory(), last + 1);
            return new Verdict.Broken(last + 1, place.file(), place.offset(), String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new JournalException.Unwritable(files.directory(), e);
        }
        var tail = LogRepair.examine(files.directory());
        if (tail.damage() != null && tail.lastSequence() <= last) {
            return new Verdict.Broken(last + 1, tail.file(), tail.offset(), tail.damage());
        }
        if (!snapshots.isEmpty()) {
            return missing(snapshots.firstKey());
        }
        var oldest = HexFormat.of().formatHex(anchor);
        var newest = HexFormat.of().formatHex(link == null ? anchor : link);
        return lostCount == 0
                ? new Verdict.Intact(first, last, oldest, newest, blobs, blobBytes)
                : new Verdict.OutputsLost(first, last, oldest, newest, lostCount, lost);
    }

    private Verdict missing(long sequence) {
        return new Verdict.Broken(
                last + 1,
                files.snapshots().resolve(JournalFiles.snapshotName(sequence)),
                0,
                "the journal ends at event " + last + ", and this snapshot was made when it had event " + sequence);
    }

    private void readSnapshots() throws IOException {
        for (var file : files.snapshotFiles()) {
            try {
                var snapshot = files.readSnapshot(file);
                snapshots.put(snapshot.sequence(), snapshot.link());
            } catch (IOException _) {
                // Of no use to a restart either, which then reads the events; it proves and disproves nothing.
            }
        }
    }

    private void read() {
        // Ended jobs are not kept in memory: what may follow an end is known from the fold of the live ones.
        var state = new LiveFold();
        WriteAheadLog.read(files.directory(), 0, (sequence, _, payload) -> {
            var before = link;
            if (before == null) {
                first = sequence;
                last = sequence - 1;
                anchor = payload.length < EventRecord.LINK_BYTES
                        ? anchor
                        : Arrays.copyOf(payload, EventRecord.LINK_BYTES);
                before = sequence == 1 ? new byte[EventRecord.LINK_BYTES] : anchor;
            }
            var event = EventRecord.decode(sequence, before, payload);
            state.accept(first > 1, sequence, event);
            var now = EventRecord.linkTo(payload);
            requireSnapshotAgrees(sequence, now);
            if (event instanceof JobEvent.End end) {
                end.blobs().forEach(blob -> look(sequence, end.jobId(), blob));
            }
            link = now;
            last = sequence;
            if (!progress.test(sequence)) {
                throw new Enough();
            }
            return true;
        });
        snapshots.headMap(first, false).clear();
    }

    private void requireSnapshotAgrees(long sequence, byte[] hash) {
        var expected = snapshots.remove(sequence);
        if (expected != null && !Arrays.equals(expected, hash)) {
            throw new JournalException.Broken(
                    sequence, "the snapshot of this event was made when it was another event", null);
        }
    }

    /** An output that is lost says nothing of the events behind it, so it does not end the proof. */
    private void look(long sequence, String jobId, BlobRef blob) {
        blobs++;
        blobBytes += blob.length();
        try {
            var _ = store.file(blob);
        } catch (JournalException.BlobDamaged e) {
            lostCount++;
            if (lost.size() < OUTPUTS_NAMED) {
                lost.add(new LostOutput(
                        sequence, jobId, files.blobs().resolve(blob.sha256()), String.valueOf(e.getMessage())));
            }
        }
    }
}
