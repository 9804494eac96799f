package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What is left to do when a log has been read, before it can be written: its first segment is made, or its last one is
 * made certain and rid of its torn tail. Where there is no room for that, it can be tried again. Not for several threads.
 */
final class Opening implements AutoCloseable {
    private static final byte[] NOTHING = {};

    private final SegmentDirectory directory;
    private final SegmentHeader header;
    private final Cursor cursor;
    private final Tail tail;
    private final @Nullable SegmentScan last;
    private final long rest;
    private Storage.@Nullable StorageFile file;
    private boolean kept;

    private Opening(
            SegmentDirectory directory,
            SegmentHeader header,
            Cursor cursor,
            Tail tail,
            @Nullable SegmentScan last,
            long rest) {
        this.directory = directory;
        this.header = header;
        this.cursor = cursor;
        this.tail = tail;
        this.last = last;
        this.rest = rest;
    }

    /** Of a log that has no segment yet. */
    static Opening ofNothing(SegmentDirectory directory, int segmentBytes) {
        var header = new SegmentHeader(1, 1, 0, segmentBytes);
        var start = new Cursor(0, 0, 0, NOTHING).inSegment(header);
        return new Opening(directory, header, start, new Tail.Clean(), null, 0);
    }

    /**
     * Of a log whose last segment has been read to its end.
     *
     * @param last closed with this
     */
    static Opening of(SegmentDirectory directory, SegmentScan last, byte[] lastPayload) throws IOException {
        var rest = last.rest();
        var tail =
                rest == 0 ? new Tail.Clean() : tail(directory.file(last.header().number()), last, rest);
        return new Opening(directory, last.header(), last.cursor(lastPayload), tail, last, rest);
    }

    private static Tail tail(Path path, SegmentScan last, long rest) throws IOException {
        var crc = new CRC32C();
        for (var at = last.end(); at < last.end() + rest; ) {
            var bytes = last.bytes(at, last.end() + rest);
            at += bytes.remaining();
            crc.update(bytes);
        }
        // The checksum keeps two tails at the same place apart, and gives the same tail the same name.
        var copy = path.resolveSibling(
                String.format(Locale.ROOT, "%s.torn-%d-%08x", path.getFileName(), last.end(), crc.getValue()));
        return new Tail.Torn(path, last.end(), rest, copy);
    }

    /** Of the segment that is written next. */
    SegmentHeader header() {
        return header;
    }

    /** When the first record of that segment was written, in milliseconds since 1970; empty if it has none. */
    OptionalLong begun() {
        return last == null ? OptionalLong.empty() : last.begun();
    }

    /** Where the log ends. */
    Cursor cursor() {
        return cursor;
    }

    Tail tail() {
        return tail;
    }

    /** Whether it is worth trying again where there was no room before: trying fills what is left. */
    boolean mayHaveRoom() {
        return directory.hasRoom(last == null ? header.size() : kept ? 0 : rest);
    }

    /**
     * The segment, ready to be appended to; the caller closes it then, and not this.
     *
     * @throws LogException.NoSpace if there is no room; it can be tried again
     */
    Storage.StorageFile open() throws IOException {
        if (last == null) {
            var reserved = directory.reserve(header.size());
            directory.begin(header, reserved);
            return reserved;
        }
        var opened = certain(last);
        if (tail instanceof Tail.Torn torn) {
            cutOff(torn, last, opened);
        }
        last.close();
        return opened;
    }

    /**
     * Writes what was read once more. After a failed sync the kernel may hold pages that it believes to be on disk.
     * Written again, they are synced for certain, and what was replayed can be relied on.
     */
    private Storage.StorageFile certain(SegmentScan last) throws IOException {
        if (file != null) {
            return file;
        }
        Storage.StorageFile opened = null;
        try {
            opened = directory.storage().open(directory.file(header.number()));
            copy(last, 0, last.end(), opened, 0);
        } catch (IOException e) {
            SegmentDirectory.closeAfter(e, opened);
            throw directory.orNoSpace(e);
        }
        // From here on it is closed with this. A sync that fails is final, whatever for.
        file = opened;
        opened.sync();
        return opened;
    }

    private void cutOff(Tail.Torn torn, SegmentScan last, Storage.StorageFile opened) throws IOException {
        if (!kept) {
            directory.keep(torn.copy(), copy -> copy(last, last.end(), last.end() + rest, copy, 0));
            kept = true;
        }
        try {
            clear(opened, last.end(), rest);
        } catch (IOException e) {
            throw directory.orNoSpace(e);
        }
        opened.sync();
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

    /** Writes zeros. */
    static void clear(Storage.StorageFile file, long start, long count) throws IOException {
        var zeros = ByteBuffer.allocate((int) Math.min(SegmentScan.WHOLE, count));
        for (var at = start; at < start + count; at += zeros.limit()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), start + count - at));
            file.write(zeros, at);
        }
    }

    /** Gives up what was not opened. */
    @Override
    public void close() throws IOException {
        try (var _ = last) {
            if (file != null) {
                file.close();
            }
        }
    }
}
