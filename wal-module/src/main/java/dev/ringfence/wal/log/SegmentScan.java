package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.OptionalInt;

/** Walks over the records of one segment, and judges what stands behind the last intact one. */
final class SegmentScan {
    private final SegmentHeader header;
    private final int headerChecksum;
    private final ByteBuffer content;
    private int start;
    private int end = SegmentHeader.SIZE;
    private int checksum;
    private long sequence;

    private SegmentScan(SegmentHeader header, ByteBuffer content) {
        this.header = header;
        this.content = content;
        headerChecksum = header.checksum();
        checksum = headerChecksum;
        sequence = header.firstSequence() - 1;
    }

    /**
     * Reads a whole segment.
     *
     * @throws LogException.Corrupt if its header is damaged, or the file has another number or size than that says
     */
    static SegmentScan of(SegmentDirectory directory, long number) throws IOException {
        var path = directory.file(number);
        try (var file = directory.storage().openToRead(path)) {
            var header = readHeader(path, number, file);
            var content = ByteBuffer.allocate(Math.toIntExact(header.size()));
            file.read(content, 0);
            return new SegmentScan(header, content.flip());
        }
    }

    /** Reads the header alone; otherwise like {@link #of}. */
    static SegmentHeader headerOf(SegmentDirectory directory, long number) throws IOException {
        var path = directory.file(number);
        try (var file = directory.storage().openToRead(path)) {
            return readHeader(path, number, file);
        }
    }

    private static SegmentHeader readHeader(Path path, long number, Storage.StorageFile file) throws IOException {
        var bytes = ByteBuffer.allocate(SegmentHeader.SIZE);
        file.read(bytes, 0);
        var header = SegmentHeader.decode(path, bytes.flip());
        if (header.number() != number) {
            throw new LogException.Corrupt(path, 0, "the file holds segment " + header.number(), Remedy.RESTORE);
        }
        if (header.size() != file.size()) {
            throw new LogException.Corrupt(
                    path, file.size(), "the file should have " + header.size() + " bytes", Remedy.RESTORE);
        }
        return header;
    }

    SegmentHeader header() {
        return header;
    }

    /** Moves to the next record; false if no intact one stands there. */
    boolean next() {
        if (!isMarked(end) || content.getLong(end + Frame.SEQUENCE) != sequence + 1) {
            return false;
        }
        var length = content.getInt(end);
        var found = content.getInt(end + Frame.CHECKSUM);
        if (Frame.checksum(content, end, checksum, length) != found) {
            return false;
        }
        start = end;
        end += Frame.sizeOf(length);
        checksum = found;
        sequence++;
        return true;
    }

    long sequence() {
        return sequence;
    }

    Instant time() {
        return Instant.ofEpochMilli(content.getLong(start + Frame.TIME));
    }

    byte[] payload() {
        var bytes = new byte[content.getInt(start)];
        content.get(start + Frame.HEADER, bytes);
        return bytes;
    }

    /** Where the intact records end; {@code payload} is the last one's, also of an earlier segment. */
    Cursor cursor(byte[] payload) {
        return new Cursor(end, checksum, sequence, payload);
    }

    int end() {
        return end;
    }

    /** What stands behind the intact records, up to the last byte that is not zero. */
    ByteBuffer rest() {
        var last = content.limit();
        while (last > end && content.get(last - 1) == 0) {
            last--;
        }
        return content.slice(end, last - end);
    }

    /** The intact part of the segment, from its first byte. */
    ByteBuffer intact() {
        return content.slice(0, end);
    }

    /**
     * Where a frame stands that cannot belong to the group of the record that should come next. That group was synced
     * before such a frame was written, so the missing record had been acknowledged.
     */
    OptionalInt strayFrame() {
        for (var at = end; at <= content.limit() - Frame.HEADER; at += Frame.ALIGNMENT) {
            if (isMarked(at)) {
                var number = content.getLong(at + Frame.SEQUENCE);
                var groupStart = number - content.getInt(at + Frame.GROUP);
                if (number <= sequence || groupStart > sequence + 1) {
                    return OptionalInt.of(at);
                }
            }
        }
        return OptionalInt.empty();
    }

    /** Whether the bytes there were written as a frame of this segment, in this place. */
    private boolean isMarked(int at) {
        var room = content.limit() - at - Frame.HEADER;
        if (room < 1) {
            return false;
        }
        var length = content.getInt(at);
        return length >= 1
                && length <= room
                && content.getInt(at + Frame.MARK) == Frame.mark(content, at, headerChecksum, at);
    }
}
