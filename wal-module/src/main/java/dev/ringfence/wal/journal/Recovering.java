package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.WriteAheadLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Rebuilds what a journal comes to: from the newest snapshot that can be used and the events after it, or else from all
 * events that are kept.
 */
final class Recovering {
    private final JournalFiles files;
    private final JournalOptions options;

    Recovering(Path directory, JournalOptions options) {
        this.files = new JournalFiles(directory, new DurableFiles(options.log().storage()));
        this.options = options;
    }

    /** @param snapshotAt the newest event that a snapshot covers; 0 if there is none */
    record Done(WriteAheadLog.Recovered log, JournalState state, long snapshotAt) {}

    Done run() {
        var began = System.nanoTime();
        try {
            files.requireLog();
            var done = fromSnapshot();
            if (done == null) {
                done = fromTheBeginning();
            }
            options.observer().replayed(done.snapshotAt(), replayed, Duration.ofNanos(System.nanoTime() - began));
            return done;
        } catch (IOException | UncheckedIOException | JournalException.IndexDamaged e) {
            throw new JournalException.Unwritable(files.directory(), e);
        }
    }

    private long replayed;

    /** Null if there is no snapshot that can be used. */
    private @Nullable Done fromSnapshot() throws IOException {
        for (var file : files.snapshotFiles()) {
            final Snapshot snapshot;
            try {
                snapshot = files.readSnapshot(file);
            } catch (IOException e) {
                options.observer().unusable(file.toString(), String.valueOf(e.getMessage()));
                continue;
            }
            try {
                return from(file, snapshot);
            } catch (LogException.Discarded | JournalException.IndexDamaged e) {
                // The second where the undoing of an old job asked for a row. From the beginning on the index is made
                // anew.
                options.observer().unusable(file.toString(), String.valueOf(e.getMessage()));
            }
        }
        return null;
    }

    private Done from(Path file, Snapshot snapshot) {
        var state = new JournalState(files, options.indexRows(), options.observer(), snapshot);
        var seen = new boolean[1];
        var recovered =
                WriteAheadLog.recover(files.directory(), options.log(), snapshot.sequence(), (sequence, _, payload) -> {
                    if (sequence > snapshot.sequence()) {
                        accept(state, sequence, payload);
                    } else if (Arrays.equals(EventRecord.linkTo(payload), snapshot.link())) {
                        seen[0] = true;
                    } else {
                        throw new JournalException.Broken(
                                sequence, "the snapshot " + file + " was made when it was another event", null);
                    }
                });
        if (!seen[0]) {
            var broken = new JournalException.Broken(
                    snapshot.sequence(),
                    "it is missing, and the snapshot " + file + " was made when it was durable",
                    null);
            closeAfter(broken, recovered);
            throw broken;
        }
        // An older snapshot, or one that there was no room to follow with another, still has jobs that were given up.
        state.discardBefore(recovered.log().firstSequence());
        return new Done(recovered, state, snapshot.sequence());
    }

    private Done fromTheBeginning() {
        var state = new JournalState(files, options.indexRows(), options.observer());
        try {
            return new Done(recover(state, 1), state, 0);
        } catch (LogException.Discarded e) {
            state.beginAt(e.firstSequence());
            return new Done(recover(state, e.firstSequence()), state, 0);
        }
    }

    private WriteAheadLog.Recovered recover(JournalState state, long from) {
        return WriteAheadLog.recover(
                files.directory(), options.log(), from, (sequence, _, payload) -> accept(state, sequence, payload));
    }

    private void accept(JournalState state, long sequence, byte[] payload) {
        replayed++;
        state.accept(sequence, payload);
    }

    private static void closeAfter(RuntimeException cause, WriteAheadLog.Recovered recovered) {
        try {
            recovered.log().close();
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }
}
