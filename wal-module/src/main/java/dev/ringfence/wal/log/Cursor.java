package dev.ringfence.wal.log;

/** Where the next record of a segment goes, and what it follows. */
final class Cursor {
    private final long offset;
    private final int checksum;
    private final long sequence;
    private final byte[] payload;

    /**
     * @param offset where the next frame begins
     * @param checksum of the frame before, or of the header if there is none
     * @param sequence of the record before, 0 if there is none
     * @param payload of the record before, empty if there is none
     */
    Cursor(long offset, int checksum, long sequence, byte[] payload) {
        this.offset = offset;
        this.checksum = checksum;
        this.sequence = sequence;
        this.payload = payload;
    }

    /** The beginning of a segment that was begun here. */
    Cursor inSegment(SegmentHeader header) {
        return new Cursor(SegmentHeader.SIZE, header.checksum(), sequence, payload);
    }

    long offset() {
        return offset;
    }

    int checksum() {
        return checksum;
    }

    long sequence() {
        return sequence;
    }

    byte[] payload() {
        return payload;
    }
}
