package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * What lies at a path at one moment, held so that nobody can put something else in its place. A link in the last name is
 * not followed: in a directory that a fenced program can write to, as seen through {@code /proc/PID/root}, an absolute
 * link would lead to the host's files.
 */
public final class PinnedFile implements AutoCloseable {
    private static final int ENOENT = 2;

    private final int descriptor;

    PinnedFile(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Holds what is there now.
     *
     * @throws IOException when there is nothing, or it cannot be reached
     */
    public static PinnedFile of(Path path) throws IOException {
        try {
            return new PinnedFile(Libc.pathDescriptor(path.toString()));
        } catch (NativeCallException e) {
            throw e.errno() == ENOENT
                    ? new NoSuchFileException(path.toString())
                    : new IOException(path + ": " + e.getMessage(), e);
        }
    }

    int descriptor() {
        return descriptor;
    }

    /** Where it can be reached, whatever has become of its name; valid until this is closed. */
    public Path path() {
        return Path.of("/proc/self/fd", Integer.toString(descriptor));
    }

    @Override
    public void close() {
        Libc.close(descriptor);
    }
}
