package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The part of a file that is in memory while the file is walked over. */
final class Window implements AutoCloseable {
    private final Storage.StorageFile file;
    private final long size;
    private ByteBuffer buffer;
    private long start;

    /** @param chunk how much is read at a time, unless more is asked for */
    Window(Storage.StorageFile file, long size, int chunk) {
        this.file = file;
        this.size = size;
        buffer = ByteBuffer.allocate((int) Math.min(chunk, size)).limit(0);
    }

    long size() {
        return size;
    }

    /**
     * The bytes at an offset, at least as many as asked for, at the most up to the end of the file.
     *
     * @return valid until the next call; the offset's byte is at {@link #index}
     */
    ByteBuffer at(long offset, int count) throws IOException {
        if (offset < start || offset + count > start + buffer.limit()) {
            fill(offset, count);
        }
        return buffer;
    }

    /** Where in the buffer a byte of the file stands. */
    int index(long offset) {
        return (int) (offset - start);
    }

    /** How many of the file's bytes from an offset on are in the buffer. */
    int available(long offset) {
        return buffer.limit() - index(offset);
    }

    private void fill(long offset, int count) throws IOException {
        if (offset < 0 || count > size - offset) {
            throw new IndexOutOfBoundsException(offset + " and " + count + " bytes of " + size);
        }
        if (count > buffer.capacity()) {
            buffer = ByteBuffer.allocate(count);
        }
        start = offset;
        buffer.clear().limit((int) Math.min(buffer.capacity(), size - offset));
        file.read(buffer, offset);
        var end = buffer.position();
        buffer.flip();
        if (end < count) {
            throw new IOException("the file ends at " + (offset + end) + ", not at " + size);
        }
    }

    /** What the file holds now is read anew. */
    void refresh() {
        buffer.limit(0);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
