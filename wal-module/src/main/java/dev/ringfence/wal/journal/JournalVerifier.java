package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogRemains;
import dev.ringfence.wal.log.Storage;
import dev.ringfence.wal.log.WriteAheadLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongPredicate;

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
         * Every event is as it was written, but outputs that some of them name are not, or cannot be read.
         *
         * @param lost how many are gone or have other bytes. Nothing but a backup has them
         * @param unreadable how many could not be read, so that nothing is known of them
         * @param outputs the first of them, {@value #OUTPUTS_NAMED} at most
         */
        record OutputsLost(
                long firstSequence,
                long lastSequence,
                String anchor,
                String head,
                long lost,
                long unreadable,
                List<LostOutput> outputs)
                implements Verdict {
            public OutputsLost {
                outputs = List.copyOf(outputs);
            }
        }

        /**
         * Nothing up to here is other than it was written, and this event is what was written, but means nothing to this
         * version. What is behind it is not proved.
         *
         * @param file where it stands
         */
        record NewerVersion(long sequence, Path file, long offset, String what) implements Verdict {}

        /** The caller did not want to go on. */
        record Stopped(long sequence) implements Verdict {}
    }

    /**
     * An output that is gone, is not what it was, or cannot be read.
     *
     * @param sequence of the event that names it
     * @param file where it has to be
     */
    public record LostOutput(long sequence, String jobId, Path file, String what) {}

    private static final int OUTPUTS_NAMED = 1_000;

    private final JournalFiles files;
    private final Storage storage;
    private final BlobStore store;
    private final LongPredicate progress;

    private long read;
    private long blobs;
    private long blobBytes;
    private long lost;
    private long unreadable;
    private final List<LostOutput> outputs = new ArrayList<>();

    private JournalVerifier(Path directory, Storage storage, LongPredicate progress) {
        files = JournalFiles.of(directory, storage);
        this.storage = storage;
        store = new BlobStore(files);
        this.progress = progress;
    }

    /**
     * Verifies a journal.
     *
     * @param progress hears each event's number, and says whether to go on
     * @throws JournalException.LogMissing if there is no log, and there was one
     * @throws LogException.Failed if reading the log fails
     * @throws JournalException.Unreadable if what lies beside it cannot be read
     */
    public static Verdict verify(Path directory, LongPredicate progress) {
        return verify(directory, Storage.disk(), progress);
    }

    static Verdict verify(Path directory, Storage storage, LongPredicate progress) {
        while (true) {
            try {
                return new JournalVerifier(directory, storage, progress).run();
            } catch (LogException.Discarded _) {
                // A service gave up what was to be read next. What it keeps is there to be proved.
            }
        }
    }

    private static final class Enough extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Enough() {
            super("enough", null, false, false);
        }
    }

    private Verdict run() {
        try {
            files.requireLog();
            return run(new EventProof(files));
        } catch (Enough _) {
            return new Verdict.Stopped(read);
        } catch (IOException | UncheckedIOException e) {
            throw new JournalException.Unreadable(files.directory(), e);
        }
    }

    private Verdict run(EventProof proof) {
        try {
            WriteAheadLog.read(files.directory(), 0, storage, (sequence, _, payload) -> {
                if (proof.accept(sequence, payload) instanceof JobEvent.End end && proof.isOfKeptJob()) {
                    end.blobs().forEach(blob -> look(sequence, end.jobId(), blob));
                }
                goOn(sequence);
                return true;
            });
        } catch (LogException.Corrupt e) {
            return new Verdict.Broken(
                    proof.isEmpty() ? firstDamaged() : proof.last() + 1, e.file(), e.offset(), e.what());
        } catch (JournalException.Broken e) {
            var place = behind(proof);
            return new Verdict.Broken(proof.last() + 1, place.file(), place.offset(), String.valueOf(e.getMessage()));
        } catch (JournalException.NotReadable e) {
            var place = behind(proof);
            return new Verdict.NewerVersion(
                    proof.last() + 1, place.file(), place.offset(), String.valueOf(e.getMessage()));
        }
        var missing = proof.missing();
        return missing.isPresent() ? missing(proof.last(), missing.getAsLong()) : verdict(proof);
    }

    /** A segment that is missing, or where the log begins, is noticed before the first event is read. */
    private long firstDamaged() {
        var extent = LogRemains.of(files.directory(), storage).read((sequence, _) -> {
            goOn(sequence);
            return true;
        });
        return extent.mends().isEmpty()
                ? extent.lastSequence() + 1
                : extent.mends().getFirst().sequence();
    }

    /** Where the first event stands that was not taken. */
    private LogRemains.Extent behind(EventProof proof) {
        return LogRemains.of(files.directory(), storage).read((sequence, _) -> {
            goOn(sequence);
            return sequence <= proof.last();
        });
    }

    private void goOn(long sequence) {
        read = sequence;
        if (!progress.test(sequence)) {
            throw new Enough();
        }
    }

    private Verdict verdict(EventProof proof) {
        var oldest = HexFormat.of().formatHex(proof.anchor());
        var newest = HexFormat.of().formatHex(proof.head());
        return lost + unreadable == 0
                ? new Verdict.Intact(proof.first(), proof.last(), oldest, newest, blobs, blobBytes)
                : new Verdict.OutputsLost(proof.first(), proof.last(), oldest, newest, lost, unreadable, outputs);
    }

    private Verdict missing(long last, long sequence) {
        return new Verdict.Broken(
                last + 1,
                files.snapshots().resolve(JournalFiles.snapshotName(sequence)),
                0,
                "the journal ends at event " + last + ", and this snapshot was made when it had event " + sequence);
    }

    /** An output that is lost says nothing of the events behind it, so it does not end the proof. */
    private void look(long sequence, String jobId, BlobRef blob) {
        blobs++;
        blobBytes += blob.length();
        try {
            var _ = store.file(blob);
        } catch (JournalException.BlobDamaged e) {
            lost++;
            name(sequence, jobId, blob, e);
        } catch (JournalException.BlobUnreadable e) {
            unreadable++;
            name(sequence, jobId, blob, e);
        }
    }

    private void name(long sequence, String jobId, BlobRef blob, JournalException why) {
        if (outputs.size() < OUTPUTS_NAMED) {
            outputs.add(new LostOutput(
                    sequence, jobId, files.blobs().resolve(blob.sha256()), String.valueOf(why.getMessage())));
        }
    }
}
