package dev.ringfence.wal.log;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** One record between two multiples of eight; see the package for its layout. */
final class Frame {
    static final int ALIGNMENT = 8;
    static final int HEADER = 32;
    static final int LENGTH = 0;
    static final int MARK = 4;
    static final int SEQUENCE = 8;
    static final int TIME = 16;
    static final int GROUP = 24;
    static final int CHECKSUM = 28;

    private Frame() {}

    /** How much of a segment a payload takes. */
    static int sizeOf(int payload) {
        return Math.toIntExact(((long) HEADER + payload + ALIGNMENT - 1) & -ALIGNMENT);
    }

    /**
     * Writes a frame at the buffer's position.
     *
     * @param offset where in the file the frame will stand
     * @return the frame's checksum
     */
    static int put(
            ByteBuffer target,
            int headerChecksum,
            long offset,
            int previousChecksum,
            long sequence,
            long time,
            int group,
            byte[] payload) {
        var start = target.position();
        var end = start + sizeOf(payload.length);
        target.putInt(payload.length)
                .putInt(0)
                .putLong(sequence)
                .putLong(time)
                .putInt(group)
                .putInt(0);
        target.put(payload);
        while (target.position() < end) {
            target.put((byte) 0);
        }
        target.putInt(start + MARK, mark(target, start, headerChecksum, offset));
        var checksum = checksum(target, start, previousChecksum, payload.length);
        target.putInt(start + CHECKSUM, checksum);
        return checksum;
    }

    static int mark(ByteBuffer buffer, int start, int headerChecksum, long offset) {
        var crc = new CRC32C();
        update(crc, headerChecksum);
        update(crc, (int) (offset >>> 32));
        update(crc, (int) offset);
        update(crc, buffer, start + LENGTH, 4);
        update(crc, buffer, start + SEQUENCE, CHECKSUM - SEQUENCE);
        return (int) crc.getValue();
    }

    static int checksum(ByteBuffer buffer, int start, int previousChecksum, int length) {
        var crc = new CRC32C();
        update(crc, previousChecksum);
        update(crc, buffer, start, CHECKSUM);
        update(crc, buffer, start + HEADER, sizeOf(length) - HEADER);
        return (int) crc.getValue();
    }

    private static void update(CRC32C crc, int value) {
        crc.update(value >>> 24);
        crc.update(value >>> 16);
        crc.update(value >>> 8);
        crc.update(value);
    }

    /** Makes no object: this runs twice for each record of a log that is recovered. */
    private static void update(CRC32C crc, ByteBuffer buffer, int start, int count) {
        if (buffer.hasArray()) {
            crc.update(buffer.array(), buffer.arrayOffset() + start, count);
        } else {
            var position = buffer.position();
            var limit = buffer.limit();
            crc.update(buffer.limit(start + count).position(start));
            buffer.limit(limit).position(position);
        }
    }
}
