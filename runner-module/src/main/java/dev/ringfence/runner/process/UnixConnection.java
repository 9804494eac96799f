package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A connection to a unix socket of this process, to be given to a program; see {@link NotifiedCall#install}. */
public final class UnixConnection implements AutoCloseable {
    /** {@code struct sockaddr_un}: a family of 16 bits, then the path with its end. */
    private static final int LONGEST_PATH = 108;

    private static final short AF_UNIX = 1;

    private final int descriptor;

    private UnixConnection(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Connects, or fails at once: it waits for nobody.
     *
     * @param blocking how reads and writes of who gets it behave
     * @throws IOException when nobody listens there, or too many wait already
     */
    public static UnixConnection to(Path path, boolean blocking) throws IOException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length >= LONGEST_PATH) {
            throw new IllegalArgumentException("the path of a unix socket has at most 107 bytes: " + path);
        }
        int descriptor = SystemCalls.unixSocket();
        try (var arena = Arena.ofConfined()) {
            var address = arena.allocate(2L + name.length + 1, 2);
            address.set(JAVA_SHORT, 0, AF_UNIX);
            MemorySegment.copy(name, 0, address, JAVA_BYTE, 2, name.length);
            SystemCalls.connect(descriptor, address);
            if (blocking) {
                Libc.blocking(descriptor);
            }
            return new UnixConnection(descriptor);
        } catch (NativeCallException e) {
            Libc.close(descriptor);
            throw new IOException(path + ": " + e.getMessage(), e);
        }
    }

    int descriptor() {
        return descriptor;
    }

    /** Closes this process's own end of it; who was given it keeps it. */
    @Override
    public void close() {
        Libc.close(descriptor);
    }
}
