package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.DirectoryTrees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jboss.logging.Logger;

/** The directory that a job may write to. */
final class JobDirectory {
    private static final Logger LOG = Logger.getLogger(JobDirectory.class);

    private final Path path;

    private JobDirectory(Path path) {
        this.path = path;
    }

    /**
     * Makes where jobs' directories are made, if it is not there yet.
     *
     * @param shared whether users other than the service's must be able to reach what is in it
     */
    static void prepare(Path scratch, boolean shared) throws IOException {
        if (Files.notExists(scratch, LinkOption.NOFOLLOW_LINKS)) {
            make(scratch);
        }
        var owner = Files.getAttribute(scratch, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        if (!Files.isDirectory(scratch, LinkOption.NOFOLLOW_LINKS)
                || !owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            throw new IOException(scratch + " is not a directory of the service's own user; remove it or set"
                    + " ringfence.fence.scratch to another place");
        }
        Files.setPosixFilePermissions(scratch, PosixFilePermissions.fromString(shared ? "rwx--x--x" : "rwx------"));
    }

    private static void make(Path scratch) throws IOException {
        var parent = scratch.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try {
            Files.createDirectory(
                    scratch, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException e) {
            LOG.debugf("another job made %s just now", scratch);
        }
    }

    /**
     * Removes what jobs of an earlier life of the service left; none of this one may be running. What cannot be removed
     * is told and stays: it only takes room, since no job is given a directory that is there already.
     */
    static void sweep(Path scratch) throws IOException {
        try (var left = Files.newDirectoryStream(scratch)) {
            for (var directory : left) {
                try {
                    DirectoryTrees.delete(directory);
                } catch (UncheckedIOException e) {
                    LOG.warnf(e, "what a job of an earlier run wrote stays until the next start: %s", directory);
                }
            }
        }
    }

    /** Makes a directory for one job, which only its user may enter. */
    static JobDirectory create(Path scratch, String name, int user) throws IOException {
        var path = Files.createTempDirectory(scratch, name + "-");
        if (user != 0) {
            Files.setAttribute(path, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
            Files.setAttribute(path, "unix:gid", user, LinkOption.NOFOLLOW_LINKS);
        }
        return new JobDirectory(path.toRealPath());
    }

    Path path() {
        return path;
    }

    /**
     * Removes it all, if it is still there. Nobody writes to it any more.
     *
     * @throws UncheckedIOException when some of it stays
     */
    void remove() {
        DirectoryTrees.delete(path);
    }
}
