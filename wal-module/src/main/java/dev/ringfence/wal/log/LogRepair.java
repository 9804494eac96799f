package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Changes a log that cannot be recovered, while it keeps everyone else out. Only ever used because an operator asks for
 * it: what is cut off had been acknowledged.
 */
public final class LogRepair implements AutoCloseable {
    private final SegmentDirectory files;
    private final LogOptions options;
    private final Storage.Lock lock;

    private LogRepair(SegmentDirectory files, LogOptions options, Storage.Lock lock) {
        this.files = files;
        this.options = options;
        this.lock = lock;
    }

    /**
     * Takes the log for a repair; the caller closes it.
     *
     * @throws LogException.Locked if the log is in use
     * @throws LogException.UnwritableDirectory if the directory cannot be written
     */
    public static LogRepair lock(Path directory, LogOptions options) {
        var storage = options.storage();
        return new LogRepair(new SegmentDirectory(directory, storage), options, storage.lock(directory));
    }

    /** What can be proved of it. */
    public LogRemains remains() {
        return new LogRemains(files);
    }

    /**
     * Writes again what is said elsewhere. Cut short, it can be done again.
     *
     * @throws LogException.NoSpace if there is no room
     * @throws LogException.Failed if reading or writing fails
     */
    public void mend(List<LogRemains.Mend> mends) {
        try {
            for (var mend : mends) {
                if (mend.isStart()) {
                    files.startAt(mend.header());
                } else {
                    files.restoreHeader(mend.header());
                }
            }
        } catch (IOException e) {
            throw failure("mend", e);
        }
    }

    /**
     * Makes durable also what an earlier repair wrote that was cut short: it looks mended, and may be lost with the power.
     *
     * @throws LogException.NoSpace if too many files are open
     * @throws LogException.Failed if that fails
     */
    public void makeCertain() {
        try {
            for (var number : files.numbers()) {
                try (var file = files.storage().open(files.file(number))) {
                    file.sync();
                }
            }
            files.syncNames();
        } catch (IOException e) {
            throw failure("sync", e);
        }
    }

    /**
     * All files that a cut behind a record changes or removes.
     *
     * @throws LogException.Failed if reading fails
     */
    public List<Path> filesBehind(long lastSequence) {
        try {
            var from = remains().locate(lastSequence + 1).file();
            return files.numbers().stream()
                    .map(files::file)
                    .filter(file -> file.compareTo(from) >= 0)
                    .toList();
        } catch (IOException e) {
            throw failure("read", e);
        }
    }

    /**
     * Cuts off everything behind a record. Cut short, it can be done again: what is kept is not touched.
     *
     * @param lastSequence the last record to be kept; it and all before it are intact
     * @throws LogException.Failed if reading or writing fails
     */
    public void cutBehind(long lastSequence) {
        try {
            var cut = remains().locate(lastSequence + 1);
            boolean whole = cut.offset() < SegmentHeader.SIZE;
            // The newest first, so that what a kill leaves is still a log without a gap.
            for (var number : files.numbers().reversed()) {
                if (files.file(number).compareTo(cut.file()) >= (whole ? 0 : 1)) {
                    files.storage().delete(files.file(number));
                }
            }
            files.syncNames();
            if (whole) {
                return;
            }
            // In its place, since there may be no room for a second one, and a segment has its space.
            try (var file = files.storage().open(cut.file())) {
                Opening.clear(file, cut.offset(), file.size() - cut.offset());
                file.sync();
            }
        } catch (IOException e) {
            throw failure("cut", e);
        }
    }

    /**
     * The mended log, to be appended to; the caller closes it before this.
     *
     * @param fromSequence a record that is kept, or the first one to come
     * @throws LogException as {@link WriteAheadLog#recover} says
     */
    public WriteAheadLog open(long fromSequence) {
        // The lock is this one's, so the log gets one that it may free without harm.
        return SegmentedLog.recover(files.path(), options, files.storage(), () -> {}, fromSequence, (_, _, _) -> {})
                .log();
    }

    private LogException failure(String what, IOException e) {
        return files.storage().isNoSpace(e)
                ? new LogException.NoSpace(files.path(), e)
                : new LogException.Failed(files.path(), "cannot " + what + " " + files.path() + ": " + e, e);
    }

    /** Lets others use the log again. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw failure("free", e);
        }
    }
}
