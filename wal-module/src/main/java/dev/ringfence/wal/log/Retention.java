package dev.ringfence.wal.log;

import java.io.IOException;
import java.util.List;

/**
 * Gives up the oldest segments of a log.
 *
 * <p>First {@code log.start} says, durably, where the log begins from now on; only then are the files removed. So a
 * crash at any moment leaves either a log with all its segments or one whose beginning is known, and whatever is left
 * of the older ones is removed by the next recovery. A segment that is missing for another reason is still noticed.
 */
final class Retention {
    private final SegmentDirectory directory;
    private volatile long firstSequence;

    Retention(SegmentDirectory directory, long firstSequence) {
        this.directory = directory;
        this.firstSequence = firstSequence;
    }

    long firstSequence() {
        return firstSequence;
    }

    /** Waits for a discarding that is under way. */
    synchronized List<Segment> segments() {
        return headers().stream()
                .map(header -> new Segment(header.number(), header.firstSequence(), header.size()))
                .toList();
    }

    /**
     * Removes what lies before the segment of a record.
     *
     * @throws LogException.NoSpace if there is no room to write where the log begins, or too many files are open
     * @throws LogException.Failed if the segments' headers cannot be read; nothing was discarded
     * @throws IOException if it is not known what was discarded
     */
    synchronized void discardBefore(long sequence) throws IOException {
        var headers = headers();
        if (headers.isEmpty()) {
            // There has been no room for the first segment yet.
            return;
        }
        // The record itself stays in reach, so the segment with the one before it may go.
        var first = KeptSegments.from(headers, sequence + 1).getFirst();
        if (first.number() > headers.getFirst().number()) {
            directory.startAt(first);
            firstSequence = first.firstSequence();
        }
        directory.deleteBefore(first.number());
    }

    /** That the past cannot be read does not keep anyone from writing on, so this failure is the caller's alone. */
    private List<SegmentHeader> headers() {
        try {
            return KeptSegments.of(directory).headers();
        } catch (IOException e) {
            throw directory.readFailure(e);
        }
    }
}
