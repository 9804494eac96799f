package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A directory that is held by a descriptor, and what lies below it. Whatever others do to the names meanwhile, nothing
 * outside is ever reached: the kernel resolves each path beneath the descriptor and follows no link (openat2(2), Linux
 * 5.6). Names go to the kernel as UTF-8, whatever the locale of the service. Thread-safe; not to be used once closed.
 */
public final class HeldDirectory implements AutoCloseable {
    /** Somebody renamed directories on the way, so the kernel could not be sure; see openat2(2). */
    private static final int MOST_RACES = 128;

    private final int descriptor;

    private HeldDirectory(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Holds a directory that an operator named; links on the way there are followed.
     *
     * @throws IOException when there is no such directory
     */
    public static HeldDirectory of(Path path) throws IOException {
        try {
            return directory(Libc.pathDescriptor(path.toRealPath().toString()), path.toString());
        } catch (NativeCallException e) {
            throw translated(e, path.toString());
        }
    }

    /**
     * Holds a directory, if no name of the path is a link: so nobody who may write to a directory on the way can lead
     * it elsewhere.
     *
     * @param path absolute
     * @throws PathRefused when a name of it is a link
     * @throws IOException when there is no such directory
     */
    public static HeldDirectory withoutLinks(Path path) throws IOException {
        try {
            return directory(SystemCalls.pathWithoutLinks(path.toString()), path.toString());
        } catch (NativeCallException e) {
            throw translated(e, path.toString());
        }
    }

    /**
     * Holds a directory below this one.
     *
     * @param path relative, of at least one name
     * @throws PathRefused when a link is on the way or it would lead out
     * @throws IOException when there is no such directory
     */
    public HeldDirectory directory(String path) throws IOException {
        return directory(beneath(path), path);
    }

    /**
     * Holds what is there below this directory, of whatever kind it is.
     *
     * @param path relative, of at least one name
     * @throws PathRefused when it is a link, a link is on the way, or it would lead out
     * @throws IOException when there is nothing
     */
    public PinnedFile file(String path) throws IOException {
        return new PinnedFile(beneath(path));
    }

    /**
     * Makes a directory for its owner to write and all to read.
     *
     * @param name a single one
     */
    public void makeDirectory(String name) throws IOException {
        try {
            SystemCalls.makeDirectory(descriptor, name, 0755);
        } catch (NativeCallException e) {
            throw translated(e, name);
        }
    }

    /**
     * Makes a file for its owner alone, and holds it.
     *
     * @param name a single one
     * @throws FileAlreadyExistsException when there is something of that name, also a link
     */
    public PinnedFile createFile(String name) throws IOException {
        try {
            return new PinnedFile(SystemCalls.createBeneath(descriptor, name, 0600));
        } catch (NativeCallException e) {
            throw translated(e, name);
        }
    }

    /**
     * Whether a file that is held is what a name of this directory stands for now.
     *
     * @param name a single one
     */
    public boolean names(String name, PinnedFile file) throws IOException {
        try {
            return SystemCalls.numbers(descriptor, name).equals(SystemCalls.numbers(file.descriptor(), ""));
        } catch (NativeCallException e) {
            if (e.errno() == Errno.ENOENT) {
                return false;
            }
            throw translated(e, name);
        }
    }

    /** Gives this directory to another user and group; takes root. */
    public void give(int user, int group) throws IOException {
        try {
            SystemCalls.changeOwner(descriptor, user, group);
        } catch (NativeCallException e) {
            throw translated(e, path().toString());
        }
    }

    /**
     * Moves a name of this directory to another one in it, as one step.
     *
     * @param replace whether something of that name may be there already, which then is gone
     */
    public void rename(String from, String to, boolean replace) throws IOException {
        try {
            SystemCalls.rename(descriptor, from, to, replace);
        } catch (NativeCallException e) {
            throw translated(e, to);
        }
    }

    /** Removes a name of this directory that is no directory. */
    public void removeFile(String name) throws IOException {
        remove(name, false);
    }

    /** Removes an empty directory of this directory. */
    public void removeDirectory(String name) throws IOException {
        remove(name, true);
    }

    /** When it returns, the names in this directory survive a loss of power. */
    public void sync() throws IOException {
        try (var channel = FileChannel.open(path(), StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Where it can be reached, whatever has become of its name; valid until this is closed. */
    public Path path() {
        return Path.of("/proc/self/fd", Integer.toString(descriptor));
    }

    @Override
    public void close() {
        Libc.close(descriptor);
    }

    private void remove(String name, boolean isDirectory) throws IOException {
        try {
            SystemCalls.remove(descriptor, bytes(name), isDirectory);
        } catch (NativeCallException e) {
            throw translated(e, name);
        }
    }

    int descriptor() {
        return descriptor;
    }

    /** As the kernel takes a name, with its end. */
    static byte[] bytes(String name) {
        return (name + '\0').getBytes(StandardCharsets.UTF_8);
    }

    private int beneath(String path) throws IOException {
        for (int race = 0; ; race++) {
            try {
                return SystemCalls.pathBeneath(descriptor, path);
            } catch (NativeCallException e) {
                if (e.errno() != Errno.EAGAIN || race == MOST_RACES) {
                    throw translated(e, path);
                }
            }
        }
    }

    private static HeldDirectory directory(int descriptor, String path) throws IOException {
        var held = new HeldDirectory(descriptor);
        if (!Files.isDirectory(held.path())) {
            held.close();
            throw new NotDirectoryException(path);
        }
        return held;
    }

    static IOException translated(NativeCallException error, String path) {
        return switch (error.errno()) {
            case Errno.ENOENT -> new NoSuchFileException(path);
            case Errno.ENOTDIR -> new NotDirectoryException(path);
            case Errno.EEXIST -> new FileAlreadyExistsException(path);
            case Errno.ENOTEMPTY -> new DirectoryNotEmptyException(path);
            case Errno.EACCES, Errno.EPERM -> new AccessDeniedException(path);
            case Errno.ELOOP -> new PathRefused(path, "it is a symbolic link, or one is on the way to it");
            case Errno.EXDEV -> new PathRefused(path, "it leads out of its directory");
            case Errno.ENAMETOOLONG -> new PathRefused(path, "it, or one of its names, is too long");
            case Errno.EAGAIN -> new FileSystemException(path, null, "directories on the way to it kept being renamed");
            case Errno.ENOSYS ->
                new FileSystemException(path, null, "this kernel has no openat2; Linux 5.6 or newer is needed");
            default -> new FileSystemException(path, null, error.getMessage());
        };
    }
}
