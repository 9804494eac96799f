package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;

/** Reads a log from its first byte to its last, and leaves it so that it can be appended to. */
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

    /** A segment ready to be appended to, and the sequence number that the log begins with. */
    record Opened(Storage.StorageFile file, SegmentHeader header, Cursor cursor, long firstSequence, Tail tail) {}

    Opened run() throws IOException {
        var kept = KeptSegments.of(directory);
        if (kept.isEmpty()) {
            requireReached(directory.file(1), 0, 0);
            directory.deleteUnfinished();
            return begin();
        }
        var headers = kept.headers();
        var firstSequence = headers.getFirst().firstSequence();
        if (fromSequence < firstSequence && firstSequence > 1) {
            throw new LogException.Discarded(directory.path(), fromSequence, firstSequence);
        }
        try (var last = replayAll(KeptSegments.from(headers, fromSequence))) {
            if (last.strayFrame().isPresent()) {
                throw damaged(last);
            }
            requireReached(directory.file(last.header().number()), last.end(), last.sequence());
            // Everything before this line only reads, so that damage leaves the directory as it was.
            directory.deleteUnfinished();
            directory.deleteBefore(headers.getFirst().number());
            return reopen(last, firstSequence);
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

    private Opened begin() throws IOException {
        var header = new SegmentHeader(1, 1, 0, options.segmentBytes());
        var start = new Cursor(0, 0, 0, NOTHING).inSegment(header);
        var file = directory.reserve(header.size());
        directory.begin(header, file);
        return new Opened(file, header, start, 1, new Tail.Clean());
    }

    private SegmentScan replayAll(List<SegmentHeader> headers) throws IOException {
        var scan = SegmentScan.of(directory, headers.getFirst().number(), SegmentScan.WHOLE);
        try (var prefetch = Prefetch.of(directory, readsAhead ? headers : List.of())) {
            replay(scan);
            for (var header : headers.subList(1, headers.size())) {
                requireFollows(scan, header);
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

    private void requireFollows(SegmentScan scan, SegmentHeader next) throws IOException {
        if (scan.rest() > 0) {
            throw damaged(scan);
        }
        if (!scan.isFollowedBy(next)) {
            throw new LogException.Corrupt(
                    directory.file(next.number()),
                    0,
                    "the segment does not follow the one before it, which ends with record " + scan.sequence(),
                    Remedy.RESTORE);
        }
    }

    private LogException.Corrupt damaged(SegmentScan scan) {
        return new LogException.Corrupt(
                directory.file(scan.header().number()),
                scan.end(),
                "record " + (scan.sequence() + 1) + " is damaged, and newer ones follow",
                Remedy.RESTORE);
    }

    private Opened reopen(SegmentScan last, long firstSequence) throws IOException {
        var path = directory.file(last.header().number());
        var rest = last.rest();
        var tail = keepTail(path, last, rest);
        var file = directory.storage().open(path);
        try {
            // After a failed sync the kernel may hold pages that it believes to be on disk. Written again, they are
            // synced for certain, and what was replayed can be relied on.
            copy(last, 0, last.end(), file, 0);
            clear(file, last.end(), rest);
            file.sync();
        } catch (IOException | RuntimeException e) {
            SegmentDirectory.closeAfter(e, file);
            throw e;
        }
        return new Opened(file, last.header(), last.cursor(lastPayload), firstSequence, tail);
    }

    private static void copy(SegmentScan from, long start, long end, Storage.StorageFile to, long target)
            throws IOException {
        for (var at = start; at < end; ) {
            var bytes = from.bytes(at, end);
            var count = bytes.remaining();
            to.write(bytes, target + at - start);
            at += count;
        }
    }

    private static void clear(Storage.StorageFile file, long start, long count) throws IOException {
        var zeros = ByteBuffer.allocate((int) Math.min(SegmentScan.WHOLE, count));
        for (var at = start; at < start + count; at += zeros.limit()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), start + count - at));
            file.write(zeros, at);
        }
    }

    private Tail keepTail(Path path, SegmentScan last, long rest) throws IOException {
        if (rest == 0) {
            return new Tail.Clean();
        }
        var crc = new CRC32C();
        for (var at = last.end(); at < last.end() + rest; ) {
            var bytes = last.bytes(at, last.end() + rest);
            at += bytes.remaining();
            crc.update(bytes);
        }
        // The checksum keeps two tails at the same place apart, and gives the same tail the same name.
        var copy = path.resolveSibling("%s.torn-%d-%08x".formatted(path.getFileName(), last.end(), crc.getValue()));
        directory.keep(copy, file -> copy(last, last.end(), last.end() + rest, file, 0));
        return new Tail.Torn(path, last.end(), rest, copy);
    }
}
