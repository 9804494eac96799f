package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * Files that the kernel makes while they are read, in {@code /proc} and {@code /sys}: each is read and written by as few
 * calls as it takes, since a fence does so dozens of times. Thread-safe.
 */
public final class KernelFile {
    /** Most are shorter; the kernel tells no size. */
    private static final int FIRST = 4096;

    /** None that is read whole comes near, but for the arguments of a process that means harm. */
    private static final int LONGEST = 1024 * 1024;

    /** Of a file that is read line by line; a name of 4096 bytes takes four times as many when each is written by its number. */
    private static final int LINES = 64 * 1024;

    private KernelFile() {}

    /**
     * All of it, each byte as a character.
     *
     * @throws IOException when it is not there, may not be read, is longer than a mebibyte, or its process has ended
     */
    public static String read(Path file) throws IOException {
        try {
            return text(file);
        } catch (NativeCallException e) {
            throw e.about(file);
        }
    }

    /** The same, with the number of what went wrong. */
    static String text(Path file) {
        return text(file, Integer.MAX_VALUE);
    }

    /** No more of it than so many bytes from its beginning. */
    static String text(Path file, int most) {
        try (var arena = Arena.ofConfined()) {
            int descriptor = Libc.open(file.toString(), Libc.O_RDONLY);
            try {
                var buffer = arena.allocate(FIRST);
                int length = 0;
                for (int count = -1; count != 0 && length < most; length += count) {
                    if (length == buffer.byteSize()) {
                        buffer = larger(arena, buffer);
                    }
                    count = read(descriptor, buffer, length);
                }
                return string(buffer, Math.min(length, most));
            } finally {
                Libc.close(descriptor);
            }
        }
    }

    /**
     * Hands its lines over one by one, without their ends, so that a file of any length takes little memory.
     *
     * @param more hears a line, and tells whether to go on
     * @return whether the end was reached
     */
    static boolean lines(Path file, Predicate<String> more) throws IOException {
        try (var arena = Arena.ofConfined()) {
            int descriptor = Libc.open(file.toString(), Libc.O_RDONLY);
            try {
                var buffer = arena.allocate(LINES);
                int length = 0;
                for (int count = read(descriptor, buffer, length);
                        count > 0;
                        count = read(descriptor, buffer, length)) {
                    length += count;
                    var text = string(buffer, length);
                    int begin = 0;
                    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
                        if (!more.test(text.substring(begin, end))) {
                            return false;
                        }
                        begin = end + 1;
                    }
                    length -= begin;
                    MemorySegment.copy(buffer, begin, buffer, 0, length);
                    if (length == LINES) {
                        throw new IOException("a line of it is longer than " + LINES + " bytes");
                    }
                }
                return length == 0 || more.test(string(buffer, length));
            } finally {
                Libc.close(descriptor);
            }
        } catch (NativeCallException e) {
            throw e.about(file);
        }
    }

    private static String string(MemorySegment buffer, int length) {
        return new String(buffer.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    private static int read(int descriptor, MemorySegment buffer, int length) {
        while (true) {
            try {
                return (int) Libc.read(descriptor, buffer.asSlice(length));
            } catch (NativeCallException e) {
                if (e.errno() != Errno.EINTR) {
                    throw e;
                }
            }
        }
    }

    private static MemorySegment larger(Arena arena, MemorySegment full) {
        if (full.byteSize() == LONGEST) {
            throw new NativeCallException("reading more than " + LONGEST + " bytes", Errno.EFBIG);
        }
        return arena.allocate(full.byteSize() * 2).copyFrom(full);
    }

    /**
     * Hands a value over by one write.
     *
     * @throws IOException when the file is not there, or the kernel does not take the value
     */
    public static void write(Path file, String value) throws IOException {
        try (var arena = Arena.ofConfined()) {
            int descriptor = Libc.open(file.toString(), Libc.O_WRONLY);
            try {
                var _ = Libc.write(
                        descriptor, arena.allocateFrom(JAVA_BYTE, value.getBytes(StandardCharsets.US_ASCII)));
            } finally {
                Libc.close(descriptor);
            }
        } catch (NativeCallException e) {
            throw e.about(file);
        }
    }
}
