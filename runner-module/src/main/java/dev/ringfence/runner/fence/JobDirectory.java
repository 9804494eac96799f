package dev.ringfence.runner.fence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;

/**
 * The directory that a job may write to. A hostile job may leave anything in it: a tree deeper than a path can name,
 * directories without rights, links to elsewhere.
 */
final class JobDirectory {
    private final Path path;

    private JobDirectory(Path path) {
        this.path = path;
    }

    /**
     * Makes where jobs' directories are made, and removes what an earlier life of the service left there.
     *
     * @param shared whether users other than the service's must be able to reach what is in it
     */
    static void prepare(Path scratch, boolean shared) throws IOException {
        if (Files.notExists(scratch, LinkOption.NOFOLLOW_LINKS)) {
            var parent = scratch.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.createDirectory(
                    scratch, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        var owner = Files.getAttribute(scratch, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        if (!Files.isDirectory(scratch, LinkOption.NOFOLLOW_LINKS)
                || !owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            throw new IOException(scratch + " is not a directory of the service's own user; remove it or set"
                    + " ringfence.fence.scratch to another place");
        }
        Files.setPosixFilePermissions(scratch, PosixFilePermissions.fromString(shared ? "rwx--x--x" : "rwx------"));
        try (var left = Files.newDirectoryStream(scratch)) {
            for (var directory : left) {
                new JobDirectory(directory).remove();
            }
        }
    }

    /** Makes a directory for one job, which only its user may enter. */
    static JobDirectory create(Path scratch, String name, int user) throws IOException {
        var path = Files.createTempDirectory(scratch, name + "-");
        if (user != 0) {
            Files.setAttribute(path, "unix:uid", user);
            Files.setAttribute(path, "unix:gid", user);
        }
        return new JobDirectory(path.toRealPath());
    }

    Path path() {
        return path;
    }

    /** Removes it all, if it is still there. Nobody writes to it any more. */
    void remove() throws IOException {
        if (Files.notExists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        // Directories below are moved up before they are emptied, so that no path grows long.
        var waiting = new ArrayDeque<Path>();
        waiting.add(path);
        int number = 0;
        while (!waiting.isEmpty()) {
            var directory = waiting.element();
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
            try (var entries = Files.newDirectoryStream(directory)) {
                for (var entry : entries) {
                    if (directory.equals(path) || !Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                        if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                            waiting.add(entry);
                        } else {
                            Files.delete(entry);
                        }
                    } else {
                        Files.setPosixFilePermissions(entry, PosixFilePermissions.fromString("rwx------"));
                        var moved = path.resolveSibling(path.getFileName() + "." + number++);
                        Files.move(entry, moved);
                        waiting.add(moved);
                    }
                }
            }
            waiting.remove();
            if (!directory.equals(path)) {
                Files.delete(directory);
            }
        }
        Files.delete(path);
    }
}
