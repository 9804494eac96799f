package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads a log that another process may be appending to. */
final class LogReader {
    private final SegmentDirectory directory;
    private final RecordVisitor visitor;
    private final boolean toItsEnd;
    private long wanted;

    private LogReader(SegmentDirectory directory, long fromSequence, RecordVisitor visitor, boolean toItsEnd) {
        this.directory = directory;
        wanted = fromSequence;
        this.visitor = visitor;
        this.toItsEnd = toItsEnd;
    }

    /** @param toItsEnd whether to look if newer records stand behind the place where the reading ends */
    static void read(Path directory, long fromSequence, Storage storage, RecordVisitor visitor, boolean toItsEnd) {
        var segments = new SegmentDirectory(directory, storage);
        try {
            new LogReader(segments, fromSequence, visitor, toItsEnd).run();
        } catch (IOException e) {
            throw segments.readFailure(e);
        }
    }

    private void run() throws IOException {
        var kept = KeptSegments.of(directory);
        if (kept.isEmpty()) {
            return;
        }
        var number = segmentOf(kept.first(), kept.last());
        var scan = open(number);
        try {
            if (wanted > scan.header().firstSequence()) {
                scan.seek(wanted);
            }
            while (true) {
                // Asked before reading: if there is a newer segment already, this one is finished.
                var newer = directory.storage().exists(directory.file(number + 1));
                // What the search for the first record has in memory may be older than that.
                scan.refresh();
                if (!visit(scan)) {
                    return;
                }
                if (!newer) {
                    requireEnd(scan);
                    return;
                }
                number++;
                var next = open(number);
                try {
                    scan.requireFollowedBy(next.header());
                } finally {
                    scan.close();
                    scan = next;
                }
            }
        } finally {
            scan.close();
        }
    }

    /** The newest segment that begins at or before the wanted record. */
    private long segmentOf(long first, long last) throws IOException {
        var low = first;
        var high = last;
        while (low < high) {
            var middle = (low + high + 1) / 2;
            if (headerOf(middle).firstSequence() > wanted) {
                high = middle - 1;
            } else {
                low = middle;
            }
        }
        var begins = headerOf(low).firstSequence();
        if (begins > wanted && wanted > 0) {
            throw new LogException.Discarded(directory.path(), wanted, begins);
        }
        return low;
    }

    private SegmentHeader headerOf(long number) throws IOException {
        try {
            return SegmentScan.headerOf(directory, number);
        } catch (NoSuchFileException _) {
            throw gone(number);
        }
    }

    private SegmentScan open(long number) throws IOException {
        try {
            return SegmentScan.of(directory, number, SegmentScan.FEW);
        } catch (NoSuchFileException _) {
            throw gone(number);
        }
    }

    /** A segment that was there has been discarded meanwhile, or else someone removed it. */
    private LogException gone(long number) throws IOException {
        var start = directory.start();
        return start.isPresent() && start.get().number() > number
                ? new LogException.Discarded(
                        directory.path(), Math.max(wanted, 1), start.get().firstSequence())
                : new LogException.Corrupt(directory.file(number), 0, "the segment is missing", Remedy.RESTORE);
    }

    private boolean visit(SegmentScan scan) throws IOException {
        while (scan.next()) {
            if (scan.sequence() >= wanted) {
                wanted = scan.sequence() + 1;
                if (!visitor.visit(scan.sequence(), scan.time(), scan.payload())) {
                    return false;
                }
            }
        }
        return true;
    }

    /** What seems to be damaged may have been written while it was read, so it is looked at once more. */
    private void requireEnd(SegmentScan scan) throws IOException {
        var looked = 0L;
        while (toItsEnd && scan.strayFrame().isPresent()) {
            if (looked == scan.end()) {
                throw scan.damaged();
            }
            looked = scan.end();
            scan.refresh();
            if (!visit(scan)) {
                return;
            }
        }
    }
}
