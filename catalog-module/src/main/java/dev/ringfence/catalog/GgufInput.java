package dev.ringfence.catalog;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/** A file's bytes in order, with its end and a most for the head in view. */
final class GgufInput implements AutoCloseable {
    /** The largest vocabularies known take some ten megabytes. */
    private static final long MOST_HEAD = 256L << 20;

    private final FileChannel channel;
    private final long size;
    private final ByteBuffer buffer =
            ByteBuffer.allocate(64 * 1024).order(ByteOrder.LITTLE_ENDIAN).limit(0);

    /** Where the buffer's first byte is in the file. */
    private long base;

    private GgufInput(FileChannel channel, long size) {
        this.channel = channel;
        this.size = size;
    }

    static GgufInput open(Path file) throws IOException {
        // Opening a pipe waits for whoever writes to it, and a device may never end.
        if (!Files.readAttributes(file, BasicFileAttributes.class).isRegularFile()) {
            throw new GgufException("it is no regular file");
        }
        var channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return new GgufInput(channel, channel.size());
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    long size() {
        return size;
    }

    long position() {
        return base + buffer.position();
    }

    int int32() throws IOException {
        need(4);
        return buffer.getInt();
    }

    long int64() throws IOException {
        need(8);
        return buffer.getLong();
    }

    /** A number of so many bytes; what does not fit into a long shows as negative. */
    long whole(int width) throws IOException {
        need(width);
        return switch (width) {
            case 1 -> buffer.get() & 0xff;
            case 2 -> buffer.getShort() & 0xffff;
            case 4 -> buffer.getInt() & 0xffff_ffffL;
            default -> buffer.getLong();
        };
    }

    /**
     * A count of things that follow.
     *
     * @param least bytes that each of them takes
     */
    long count(String what, long most, int least) throws IOException {
        long count = int64();
        if (count < 0 || count > most || count > (size - position()) / least) {
            throw new GgufException(
                    "it claims " + Long.toUnsignedString(count) + " " + what + ", more than it can hold");
        }
        return count;
    }

    String text(int most) throws IOException {
        long length = length();
        if (length > most) {
            throw new GgufException("a name has " + length + " bytes, more than " + most);
        }
        var bytes = new byte[(int) length];
        for (int done = 0; done < bytes.length; ) {
            need(1);
            int some = Math.min(bytes.length - done, buffer.remaining());
            buffer.get(bytes, done, some);
            done += some;
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** How long it was. */
    long skipText() throws IOException {
        long length = length();
        skip(length);
        return length;
    }

    private long length() throws IOException {
        long length = int64();
        if (length < 0 || length > size - position()) {
            throw new GgufException(
                    "it claims a text of " + Long.toUnsignedString(length) + " bytes, more than it can hold");
        }
        return length;
    }

    void skip(long bytes) throws IOException {
        if (bytes > size - position()) {
            throw cutOff();
        }
        if (bytes <= buffer.remaining()) {
            buffer.position(buffer.position() + (int) bytes);
            return;
        }
        base = position() + bytes;
        buffer.clear().limit(0);
        channel.position(base);
        checkHead();
    }

    private void need(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return;
        }
        base = position();
        checkHead();
        buffer.compact();
        while (buffer.position() < bytes) {
            if (channel.read(buffer) < 0) {
                throw cutOff();
            }
        }
        buffer.flip();
    }

    private void checkHead() throws GgufException {
        if (base > MOST_HEAD) {
            throw new GgufException("its head is longer than " + MOST_HEAD + " bytes");
        }
    }

    private EOFException cutOff() {
        return new EOFException("it is cut off after " + size + " bytes");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
