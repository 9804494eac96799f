package dev.ringfence.runner.process;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What lies at a path at one moment, held so that nobody can put something else in its place. A link in the last name is
 * not followed: in a directory that a fenced program can write to, as seen through {@code /proc/PID/root}, an absolute
 * link would lead to the host's files.
 */
public final class PinnedFile implements AutoCloseable {
    private static final int LONGEST_PATH = 4096;

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
            throw e.about(path);
        }
    }

    /**
     * Holds what is there now, if no name of the path is a link: so it is where the path says, and nobody who may write
     * to a directory on the way can lead it elsewhere.
     *
     * @param path absolute
     * @throws FileSystemLoopException when a name of it is a link
     * @throws IOException when there is nothing, or it cannot be reached
     */
    public static PinnedFile withoutLinks(Path path) throws IOException {
        try {
            return new PinnedFile(SystemCalls.pathWithoutLinks(path.toString()));
        } catch (NativeCallException e) {
            throw e.about(path);
        }
    }

    /** What it leads to, when it is itself a link. */
    public Optional<Path> link() {
        try (var arena = Arena.ofConfined()) {
            var target = arena.allocate(LONGEST_PATH);
            long length = SystemCalls.linkTarget(descriptor, target);
            return length < 0
                    ? Optional.empty()
                    : Optional.of(Path.of(new String(
                            target.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8)));
        }
    }

    /** The user that it belongs to. */
    public int owner() throws IOException {
        return (int) Files.getAttribute(path(), "unix:uid");
    }

    /** Gives it to another user and group; takes root. */
    public void give(int user, int group) throws IOException {
        try {
            SystemCalls.changeOwner(descriptor, user, group);
        } catch (NativeCallException e) {
            throw e.about(path());
        }
    }

    /** Changes the mode of what is held. */
    public void changeMode(int mode) throws IOException {
        // This is the descriptor's own link, which leads to what is held and nowhere else.
        Files.setAttribute(path(), "unix:mode", mode);
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
