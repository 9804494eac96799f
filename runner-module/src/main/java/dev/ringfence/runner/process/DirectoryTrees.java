package dev.ringfence.runner.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Whole directories, in which a hostile job may have left anything: a tree deeper than a path can name, directories
 * without rights, links to elsewhere, and a process that goes on changing them. Thread-safe.
 */
public final class DirectoryTrees {
    private DirectoryTrees() {}

    /**
     * Deletes a directory and all below it. Links are deleted, not followed, and nothing outside is ever reached,
     * whatever others do to the names meanwhile; what is mounted below stays, and so does the way to it. What an
     * interrupted deletion left is a directory again, and can be deleted. What is no directory stays.
     *
     * @throws UncheckedIOException when some of it could not be deleted
     */
    public static void delete(Path top) {
        var absolute = top.toAbsolutePath();
        var parent = Objects.requireNonNull(absolute.getParent(), "the root of all is not deleted");
        try (var above = HeldDirectory.of(parent)) {
            delete(above, absolute.getFileName().toString());
        } catch (NoSuchFileException e) {
            return; // It is gone, or never was.
        } catch (IOException e) {
            throw new UncheckedIOException(top + " could not be deleted: " + e, e);
        }
    }

    private static void delete(HeldDirectory above, String name) throws IOException {
        int top;
        try {
            top = SystemCalls.directoryWithin(above.descriptor(), HeldDirectory.bytes(name));
        } catch (NativeCallException e) {
            if (e.errno() == Errno.ENOTDIR || e.errno() == Errno.ELOOP) {
                return; // It is a file, or a link.
            }
            throw e.errno() == Errno.EXDEV
                    ? new FileSystemException(name, null, "another file system is mounted there")
                    : HeldDirectory.translated(e, name);
        }
        var deletion = new TreeDeletion(top, TreeDeletion.MOST_ENTRIES);
        try {
            deletion.clear();
        } finally {
            Libc.close(top);
        }
        try {
            above.removeDirectory(name);
        } catch (IOException e) {
            deletion.failure().ifPresent(e::addSuppressed);
            if (deletion.exhausted()) {
                var more = new FileSystemException(
                        name,
                        null,
                        "it had more than " + TreeDeletion.MOST_ENTRIES
                                + " files and directories, or others keep making some; deleting it again goes on");
                more.addSuppressed(e);
                throw more;
            }
            throw e;
        }
    }
}
