package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Reads a log from its first byte to its last. */
final class Recovery {
    private static final byte[] NOTHING = {};

    private final SegmentDirectory directory;
    private final LogOptions options;
    private final long fromSequence;
    private final RecordConsumer replay;
    private byte[] lastPayload = NOTHING;
    private boolean readsAhead;

    Recovery(SegmentDirectory directory, LogOptions options, long fromSequence, RecordConsumer replay) {
        this.directory = directory;
        this.options = options;
        this.fromSequence = fromSequence;
        this.replay = replay;
    }

    /** Lets another thread read ahead of this one. */
    Recovery readingAhead() {
        readsAhead = true;
        return this;
    }

    /** What was read: where the log begins, and how it is made ready to be appended to. The caller closes that. */
    record Replayed(long firstSequence, Opening opening) {}

    Replayed run() throws IOException {
        var kept = KeptSegments.of(directory);
        if (kept.isEmpty()) {
            requireReached(directory.file(1), 0, 0);
            directory.deleteUnfinished();
            return new Replayed(1, Opening.ofNothing(directory, options.segmentBytes()));
        }
        var headers = kept.headers();
        var firstSequence = headers.getFirst().firstSequence();
        if (fromSequence < firstSequence && firstSequence > 1) {
            throw new LogException.Discarded(directory.path(), fromSequence, firstSequence);
        }
        var last = replayAll(KeptSegments.from(headers, fromSequence));
        try {
            if (last.strayFrame().isPresent()) {
                throw last.damaged();
            }
            requireReached(directory.file(last.header().number()), last.end(), last.sequence());
            // Everything before this line only reads, so that damage leaves the directory as it was.
            directory.syncNames();
            directory.deleteUnfinished();
            directory.deleteBefore(headers.getFirst().number());
            return new Replayed(firstSequence, Opening.of(directory, last, lastPayload));
        } catch (IOException | RuntimeException | Error e) {
            SegmentDirectory.closeAfter(e, last);
            throw e;
        }
    }

    /** Whoever asks for what follows a record knows that the record was there. */
    private void requireReached(Path file, long end, long lastSequence) {
        if (fromSequence > lastSequence + 1) {
            throw new LogException.Corrupt(
                    file,
                    end,
                    "the log ends with record " + lastSequence + ", but it had held record " + (fromSequence - 1),
                    Remedy.RESTORE);
        }
    }

    private SegmentScan replayAll(List<SegmentHeader> headers) throws IOException {
        var scan = SegmentScan.of(directory, headers.getFirst().number(), SegmentScan.WHOLE);
        try (var prefetch = Prefetch.of(directory, readsAhead ? headers : List.of())) {
            replay(scan);
            for (var header : headers.subList(1, headers.size())) {
                scan.requireFollowedBy(header);
                scan.close();
                prefetch.advance();
                scan = SegmentScan.of(directory, header.number(), SegmentScan.WHOLE);
                replay(scan);
            }
            return scan;
        } catch (IOException | RuntimeException | Error e) {
            SegmentDirectory.closeAfter(e, scan);
            throw e;
        }
    }

    private void replay(SegmentScan scan) throws IOException {
        while (scan.next()) {
            lastPayload = scan.payload();
            if (scan.sequence() >= fromSequence) {
                replay.accept(scan.sequence(), scan.time(), lastPayload);
            }
        }
    }
}
