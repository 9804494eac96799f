package dev.ringfence.runner.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.UUID;

/**
 * Whole directories, in which a hostile job may have left anything: a tree deeper than a path can name, directories
 * without rights, links to elsewhere. Thread-safe.
 */
public final class DirectoryTrees {
    private DirectoryTrees() {}

    /**
     * Deletes a directory and all below it; links are deleted, not followed. Nothing else may change it meanwhile. What
     * an interrupted deletion left is a directory again, and can be deleted. What is no directory stays.
     *
     * @throws UncheckedIOException when some of it could not be deleted
     */
    public static void delete(Path top) {
        if (!Files.isDirectory(top, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            var waiting = new ArrayDeque<Path>();
            empty(top, top, waiting);
            while (!waiting.isEmpty()) {
                var directory = waiting.element();
                empty(directory, top, waiting);
                Files.delete(directory);
                waiting.remove();
            }
            Files.delete(top);
        } catch (DirectoryIteratorException e) {
            throw notDeleted(top, Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw notDeleted(top, e);
        }
    }

    private static UncheckedIOException notDeleted(Path top, IOException cause) {
        return new UncheckedIOException(top + " could not be deleted: " + cause, cause);
    }

    /** Directories below are moved up before their turn comes, so that no path grows too long to be named. */
    private static void empty(Path directory, Path top, Queue<Path> waiting) throws IOException {
        open(directory);
        try (var entries = Files.newDirectoryStream(directory)) {
            for (var entry : entries) {
                if (!Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    Files.delete(entry);
                } else if (directory.equals(top)) {
                    waiting.add(entry);
                } else {
                    open(entry);
                    waiting.add(Files.move(entry, top.resolve(".deleted-" + UUID.randomUUID())));
                }
            }
        }
    }

    /** Its owner may have taken all rights away, also from itself. */
    private static void open(Path directory) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }
}
