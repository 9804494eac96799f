package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/** Walks over the records of one segment, and judges what stands behind the last intact one. */
final class SegmentScan implements AutoCloseable {
    /** For reading from one end to the other. */
    static final int WHOLE = 1 << 20;

    /** For reading a few records. */
    static final int FEW = 16 << 10;

    private final SegmentDirectory directory;
    private final SegmentHeader header;
    private final int headerChecksum;
    private final Window window;
    private long start;
    private long end = SegmentHeader.SIZE;
    private int checksum;
    private long sequence;
    private OptionalLong begun = OptionalLong.empty();

    private SegmentScan(SegmentDirectory directory, SegmentHeader header, Window window) {
        this.directory = directory;
        this.header = header;
        this.window = window;
        headerChecksum = header.checksum();
        checksum = headerChecksum;
        sequence = header.firstSequence() - 1;
    }

    /**
     * Opens a segment; whoever gets the scan closes it.
     *
     * @param chunk how much to read at a time
     * @throws LogException.Corrupt if its header is damaged, or the file has another number or size than that says
     * @throws java.nio.file.NoSuchFileException if there is no such file
     */
    static SegmentScan of(SegmentDirectory directory, long number, int chunk) throws IOException {
        var path = directory.file(number);
        var file = directory.storage().openToRead(path);
        try {
            var header = readHeader(path, number, file);
            return new SegmentScan(directory, header, new Window(file, header.size(), chunk));
        } catch (IOException | RuntimeException e) {
            SegmentDirectory.closeAfter(e, file);
            throw e;
        }
    }

    /**
     * Opens a segment whose header is damaged, as if it had this one. That the header is the one it had is proved by its
     * first record, whose checksum begins with the header's; whoever gets the scan closes it.
     *
     * @throws LogException.Corrupt if the file has another size than the header says, or its first record does not prove it
     * @throws java.nio.file.NoSuchFileException if there is no such file
     */
    static SegmentScan assuming(SegmentDirectory directory, SegmentHeader header, int chunk) throws IOException {
        var path = directory.file(header.number());
        var file = directory.storage().openToRead(path);
        try {
            if (file.size() == header.size()) {
                var window = new Window(file, header.size(), chunk);
                if (new SegmentScan(directory, header, window).next()) {
                    return new SegmentScan(directory, header, window);
                }
            }
            throw new LogException.Corrupt(
                    path, 0, "the segment's header is damaged, and no record proves what it was", Remedy.RESTORE);
        } catch (IOException | RuntimeException e) {
            SegmentDirectory.closeAfter(e, file);
            throw e;
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
        var header = SegmentHeader.read(path, file);
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
    boolean next() throws IOException {
        var room = window.size() - end - Frame.HEADER;
        var length = room < 1 ? 0 : getInt(end, Frame.LENGTH);
        if (length < 1 || length > room) {
            return false;
        }
        // The mark needs no look: the checksum covers it, too.
        var frame = window.at(end, Frame.sizeOf(length));
        var at = window.index(end);
        var found = frame.getInt(at + Frame.CHECKSUM);
        if (frame.getLong(at + Frame.SEQUENCE) != sequence + 1
                || Frame.checksum(frame, at, checksum, length) != found) {
            return false;
        }
        if (end == SegmentHeader.SIZE) {
            begun = OptionalLong.of(frame.getLong(at + Frame.TIME));
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

    Instant time() throws IOException {
        return Instant.ofEpochMilli(window.at(start, Frame.HEADER).getLong(window.index(start) + Frame.TIME));
    }

    /** When the segment's first record was written, in milliseconds since 1970; empty if it was not read. */
    OptionalLong begun() {
        return begun;
    }

    byte[] payload() throws IOException {
        var bytes = new byte[getInt(start, Frame.LENGTH)];
        var frame = window.at(start, Frame.HEADER + bytes.length);
        frame.get(window.index(start) + Frame.HEADER, bytes);
        return bytes;
    }

    /** Where the intact records end; {@code payload} is the last one's, also of an earlier segment. */
    Cursor cursor(byte[] payload) {
        return new Cursor(end, checksum, sequence, payload);
    }

    /** Whether the next segment's header says that it follows what was read here. */
    boolean isFollowedBy(SegmentHeader next) {
        return next.firstSequence() == sequence + 1 && next.link() == checksum;
    }

    /**
     * Fails unless nothing stands behind the intact records and the next segment follows them.
     *
     * @throws LogException.Corrupt with the place of what does not
     */
    void requireFollowedBy(SegmentHeader next) throws IOException {
        if (rest() > 0) {
            throw damaged();
        }
        if (!isFollowedBy(next)) {
            throw new LogException.Corrupt(
                    directory.file(next.number()),
                    0,
                    "the segment does not follow the one before it, which ends with record " + sequence,
                    Remedy.RESTORE);
        }
    }

    /** What to throw when more stands behind the intact records than may be missing. */
    LogException.Corrupt damaged() {
        return new LogException.Corrupt(
                directory.file(header.number()),
                end,
                "record " + (sequence + 1) + " is damaged, and newer ones follow",
                Remedy.RESTORE);
    }

    long end() {
        return end;
    }

    /** Where the last record stands. */
    long start() {
        return start;
    }

    /** The header that the next segment has to have; empty if this one cannot be read to its end. */
    Optional<SegmentHeader> follower(long size) throws IOException {
        return rest() > 0
                ? Optional.empty()
                : Optional.of(new SegmentHeader(header.number() + 1, sequence + 1, checksum, size));
    }

    /** How many bytes stand behind the intact records, up to the last one that is not zero. */
    long rest() throws IOException {
        var last = end;
        for (var at = end; at < window.size(); ) {
            var bytes = window.at(at, 1);
            var from = window.index(at);
            var to = bytes.limit();
            var nonZero = to;
            while (nonZero > from && bytes.get(nonZero - 1) == 0) {
                nonZero--;
            }
            if (nonZero > from) {
                last = at + nonZero - from;
            }
            at += to - from;
        }
        return last - end;
    }

    /** What stands at an offset, as much as is in memory at once. */
    ByteBuffer bytes(long offset, long limit) throws IOException {
        var buffer = window.at(offset, 1);
        var count = (int) Math.min(window.available(offset), limit - offset);
        return buffer.slice(window.index(offset), count);
    }

    /**
     * Where a frame stands that cannot belong to the group of the record that should come next. That group was synced
     * before such a frame was written, so the missing record had been acknowledged.
     */
    OptionalLong strayFrame() throws IOException {
        for (var at = end; at <= window.size() - Frame.HEADER; at += Frame.ALIGNMENT) {
            if (isMarked(at)) {
                var frame = window.at(at, Frame.HEADER);
                var number = frame.getLong(window.index(at) + Frame.SEQUENCE);
                var groupStart = number - frame.getInt(window.index(at) + Frame.GROUP);
                if (number <= sequence || groupStart > sequence + 1) {
                    return OptionalLong.of(at);
                }
            }
        }
        return OptionalLong.empty();
    }

    /** Forgets what was read ahead of the last record; somebody may have written there meanwhile. */
    void refresh() {
        window.refresh();
    }

    /**
     * Moves close before a record without reading all that stand before it. Frames are recognised by their marks, so
     * any place is good to begin at; from there on, each record's checksum proves it and the frame before it.
     */
    void seek(long wanted) throws IOException {
        long low = end;
        long high = window.size();
        while (high - low > FEW) {
            var middle = (low + high) / 2 & -Frame.ALIGNMENT;
            var found = nextMarked(middle, high);
            if (found.isEmpty()) {
                high = middle;
                continue;
            }
            var at = found.getAsLong();
            var number = window.at(at, Frame.HEADER).getLong(window.index(at) + Frame.SEQUENCE);
            if (number >= wanted) {
                high = middle;
            } else {
                stepTo(at, number);
                low = Math.max(middle, end);
            }
        }
    }

    /**
     * Goes on at or behind damage, to what can still be proved: a record is proved by its checksum and that of the frame in
     * front of it. So the first frame that is recognised by its mark only serves to prove the one behind it.
     *
     * @return false if no frame stands there
     */
    boolean resume() throws IOException {
        for (var at = end; at < window.size(); at += Frame.ALIGNMENT) {
            if (isMarked(at)) {
                var number = window.at(at, Frame.HEADER).getLong(window.index(at) + Frame.SEQUENCE);
                if (number > sequence) {
                    stepTo(at, number);
                    return true;
                }
            }
        }
        return false;
    }

    private OptionalLong nextMarked(long from, long to) throws IOException {
        for (var at = from; at < to; at += Frame.ALIGNMENT) {
            if (isMarked(at)) {
                return OptionalLong.of(at);
            }
        }
        return OptionalLong.empty();
    }

    /** Goes on behind a frame of which only the mark was checked. */
    private void stepTo(long at, long number) throws IOException {
        start = at;
        end = at + Frame.sizeOf(getInt(at, Frame.LENGTH));
        checksum = getInt(at, Frame.CHECKSUM);
        sequence = number;
    }

    /** Whether the bytes there were written as a frame of this segment, in this place. */
    private boolean isMarked(long at) throws IOException {
        var room = window.size() - at - Frame.HEADER;
        if (room < 1) {
            return false;
        }
        var frame = window.at(at, Frame.HEADER);
        var index = window.index(at);
        var length = frame.getInt(index + Frame.LENGTH);
        return length >= 1
                && length <= room
                && frame.getInt(index + Frame.MARK) == Frame.mark(frame, index, headerChecksum, at);
    }

    private int getInt(long frame, int field) throws IOException {
        return window.at(frame, Frame.HEADER).getInt(window.index(frame) + field);
    }

    @Override
    public void close() throws IOException {
        window.close();
    }
}
