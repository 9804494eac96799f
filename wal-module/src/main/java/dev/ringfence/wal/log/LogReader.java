package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a log that another process may be appending to. */
final class LogReader {
    private final SegmentDirectory directory;
    private final long fromSequence;
    private final RecordVisitor visitor;

    private LogReader(SegmentDirectory directory, long fromSequence, RecordVisitor visitor) {
        this.directory = directory;
        this.fromSequence = fromSequence;
        this.visitor = visitor;
    }

    static void read(Path directory, long fromSequence, Storage storage, RecordVisitor visitor) {
        try {
            new LogReader(new SegmentDirectory(directory, storage), fromSequence, visitor).run();
        } catch (IOException e) {
            throw new LogException.Failed("cannot read " + directory + ": " + e, e);
        }
    }

    private void run() throws IOException {
        var numbers = directory.numbers();
        if (numbers.isEmpty()) {
            return;
        }
        var number = segmentOf(numbers.getFirst(), numbers.getLast());
        while (true) {
            // Asked before reading: if there is a newer segment already, this one is finished.
            var newer = Files.exists(directory.file(number + 1));
            var scan = SegmentScan.of(directory, number);
            if (!visit(scan) || !newer) {
                return;
            }
            number++;
            requireFollows(scan, SegmentScan.headerOf(directory, number));
        }
    }

    /** The newest segment that begins at or before the wanted record. */
    private long segmentOf(long first, long last) throws IOException {
        var number = last;
        while (number > first && SegmentScan.headerOf(directory, number).firstSequence() > fromSequence) {
            number--;
        }
        return number;
    }

    private boolean visit(SegmentScan scan) {
        while (scan.next()) {
            if (scan.sequence() >= fromSequence && !visitor.visit(scan.sequence(), scan.time(), scan.payload())) {
                return false;
            }
        }
        return true;
    }

    private void requireFollows(SegmentScan scan, SegmentHeader next) {
        if (scan.rest().hasRemaining()) {
            throw new LogException.Corrupt(
                    directory.file(scan.header().number()),
                    scan.end(),
                    "record " + (scan.sequence() + 1) + " is damaged, and newer ones follow",
                    Remedy.RESTORE);
        }
        if (!Recovery.follows(scan, next)) {
            throw new LogException.Corrupt(
                    directory.file(next.number()), 0, "the segment does not follow the one before it", Remedy.RESTORE);
        }
    }
}
