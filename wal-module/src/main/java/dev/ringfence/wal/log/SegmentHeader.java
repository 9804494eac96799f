package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** The first bytes of a segment; see the package for their layout. */
record SegmentHeader(long number, long firstSequence, int link, long size) {
    static final int SIZE = 64;
    static final int VERSION = 1;

    private static final long MAGIC =
            ByteBuffer.wrap("RINGFWAL".getBytes(StandardCharsets.US_ASCII)).getLong();
    private static final int CHECKSUM = 60;

    ByteBuffer encode() {
        var bytes = ByteBuffer.allocate(SIZE)
                .putLong(MAGIC)
                .putInt(VERSION)
                .putInt(0)
                .putLong(number)
                .putLong(firstSequence)
                .putLong(size)
                .putInt(link);
        return bytes.putInt(CHECKSUM, checksum(bytes)).clear();
    }

    /** What the checksum of the first frame starts from. */
    int checksum() {
        return encode().getInt(CHECKSUM);
    }

    /**
     * @throws LogException.Corrupt if this is no header
     * @throws LogException.NewerFormat if this is the header of a newer format
     */
    static SegmentHeader decode(Path file, ByteBuffer bytes) {
        if (bytes.limit() < SIZE || bytes.getLong(0) != MAGIC || bytes.getInt(CHECKSUM) != checksum(bytes)) {
            throw new LogException.Corrupt(file, 0, "the segment's header is damaged", Remedy.RESTORE);
        }
        var version = bytes.getInt(8);
        if (version != VERSION) {
            throw new LogException.NewerFormat(file, version, VERSION);
        }
        return new SegmentHeader(bytes.getLong(16), bytes.getLong(24), bytes.getInt(40), bytes.getLong(32));
    }

    /** Reads the header at the beginning of a file; otherwise like {@link #decode}. */
    static SegmentHeader read(Path path, Storage.StorageFile file) throws IOException {
        var bytes = ByteBuffer.allocate(SIZE);
        file.read(bytes, 0);
        return decode(path, bytes.flip());
    }

    private static int checksum(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.slice(0, CHECKSUM));
        return (int) crc.getValue();
    }
}
