package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads a log from its first byte to its last, and leaves it so that it can be appended to. */
final class Recovery {
    private static final byte[] NOTHING = {};

    private final SegmentDirectory directory;
    private final LogOptions options;
    private final RecordConsumer replay;
    private byte[] lastPayload = NOTHING;

    Recovery(SegmentDirectory directory, LogOptions options, RecordConsumer replay) {
        this.directory = directory;
        this.options = options;
        this.replay = replay;
    }

    /** A segment ready to be appended to. */
    record Opened(Storage.StorageFile file, SegmentHeader header, Cursor cursor, Tail tail) {}

    Opened run() throws IOException {
        var numbers = directory.numbers();
        if (numbers.isEmpty()) {
            directory.deleteUnfinished();
            return begin();
        }
        var last = replayAll(numbers);
        if (last.strayFrame().isPresent()) {
            throw damaged(last);
        }
        // Everything before this line only reads, so that damage leaves the directory as it was.
        directory.deleteUnfinished();
        return reopen(last);
    }

    private Opened begin() throws IOException {
        var header = new SegmentHeader(1, 1, 0, options.segmentBytes());
        var start = new Cursor(0, 0, 0, NOTHING).inSegment(header);
        return new Opened(directory.create(header), header, start, new Tail.Clean());
    }

    private SegmentScan replayAll(List<Long> numbers) throws IOException {
        SegmentScan before = null;
        for (var number : numbers) {
            requireNext(before, number);
            var scan = SegmentScan.of(directory, number);
            requireLink(before, scan);
            while (scan.next()) {
                lastPayload = scan.payload();
                replay.accept(scan.sequence(), scan.time(), lastPayload);
            }
            before = scan;
        }
        if (before == null) {
            throw new IllegalStateException("No segments");
        }
        return before;
    }

    private void requireNext(@Nullable SegmentScan before, long number) {
        var expected = before == null ? 1 : before.header().number() + 1;
        if (number != expected) {
            throw new LogException.Corrupt(directory.file(expected), 0, "the segment is missing", Remedy.RESTORE);
        }
    }

    private void requireLink(@Nullable SegmentScan before, SegmentScan scan) {
        if (before == null) {
            return;
        }
        if (before.rest().hasRemaining()) {
            throw damaged(before);
        }
        if (!follows(before, scan.header())) {
            throw new LogException.Corrupt(
                    directory.file(scan.header().number()),
                    0,
                    "the segment does not follow the one before it, which ends with record " + before.sequence(),
                    Remedy.RESTORE);
        }
    }

    static boolean follows(SegmentScan before, SegmentHeader header) {
        return header.firstSequence() == before.sequence() + 1
                && header.link() == before.cursor(NOTHING).checksum();
    }

    private LogException.Corrupt damaged(SegmentScan scan) {
        return new LogException.Corrupt(
                directory.file(scan.header().number()),
                scan.end(),
                "record " + (scan.sequence() + 1) + " is damaged, and newer ones follow",
                Remedy.RESTORE);
    }

    private Opened reopen(SegmentScan last) throws IOException {
        var path = directory.file(last.header().number());
        var tail = keepTail(path, last);
        var file = directory.storage().open(path);
        try {
            // After a failed sync the kernel may hold pages that it believes to be on disk. Written again, they are
            // synced for certain, and what was replayed can be relied on.
            file.write(last.intact(), 0);
            file.write(ByteBuffer.allocate(last.rest().remaining()), last.end());
            file.sync();
        } catch (IOException e) {
            file.close();
            throw e;
        }
        return new Opened(file, last.header(), last.cursor(lastPayload), tail);
    }

    private Tail keepTail(Path path, SegmentScan last) throws IOException {
        var rest = last.rest();
        if (!rest.hasRemaining()) {
            return new Tail.Clean();
        }
        var crc = new CRC32C();
        crc.update(rest.duplicate());
        // The checksum keeps two tails at the same place apart, and gives the same tail the same name.
        var copy = path.resolveSibling("%s.torn-%d-%08x".formatted(path.getFileName(), last.end(), crc.getValue()));
        directory.keep(copy, rest.duplicate());
        return new Tail.Torn(path, last.end(), rest.remaining(), copy);
    }
}
