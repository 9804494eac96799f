package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.ProcessEntry;
import dev.ringfence.runner.process.UnnamedFile;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a job adds to directories of the host that it may write to, counted by the sizes that files claim, in whole
 * pages, one more for each file: so many empty files count as well. Files without a name that processes hold are counted
 * too, also those that are held by a mapping alone, unless the file system gives mappings other numbers (overlayfs).
 * Used by the thread that watches the job.
 */
final class DiskUse {
    private static final int MOST_FILES = 100_000;
    private static final int MOST_DEPTH = 128;
    private static final long PAGE = 4096;

    /** Looks in a row; a process that starts or ends hides for moments. */
    private static final int MOST_HIDDEN = 8;

    private final List<Path> directories;
    private final TemporaryFiles temporary;
    private final long largestFile;
    private final OptionalInt user;
    private final long before;
    private int hidden;

    /**
     * Takes what is there now for the others'.
     *
     * @param temporary counted with them
     * @param largestFile what is assumed of a file whose size is not told, in bytes
     * @param user whose the job's processes are, if that is not the service's
     * @throws FenceException.Refused when that is too much to be looked at regularly
     */
    DiskUse(List<Path> directories, TemporaryFiles temporary, long largestFile, OptionalInt user) {
        this.directories = directories;
        this.temporary = temporary;
        this.largestFile = largestFile;
        this.user = user;
        var now = named();
        if (!now.trouble().isEmpty()) {
            throw new FenceException.Refused(
                    "filesystem.write_paths",
                    directories + ": there are " + now.trouble()
                            + ", so its growth cannot be watched; give the job a smaller one");
        }
        before = now.bytes();
    }

    /**
     * What has come since, with what lies in the job's own /tmp.
     *
     * @param processes the job's
     */
    Size growth(List<ProcessEntry> processes) {
        var now = named();
        var unnamed = Census.unnamedFiles(processes, user);
        hidden = unnamed.isPresent() ? 0 : hidden + 1;
        return new Size(
                now.bytes() - before + unnamed(unnamed.orElse(Set.of())) + temporary.bytes(processes),
                now.files(),
                now.trouble().isEmpty() && hidden == MOST_HIDDEN
                        ? "a process that hides which files it holds"
                        : now.trouble());
    }

    /**
     * What was counted.
     *
     * @param trouble why there may be more; empty when that is all
     */
    record Size(long bytes, int files, String trouble) {
        static final Size NONE = new Size(0, 0, "");
    }

    private Size named() {
        var counter = new Counter();
        for (var directory : directories) {
            try {
                Files.walkFileTree(directory, Set.of(), MOST_DEPTH, counter);
            } catch (IOException e) {
                // What changed meanwhile is counted the next time.
            }
        }
        return new Size(counter.bytes, counter.files, counter.trouble);
    }

    private long unnamed(Set<UnnamedFile> files) {
        var devices = new HashSet<Long>();
        for (var directory : directories) {
            try {
                devices.add((Long) Files.getAttribute(directory, "unix:dev"));
            } catch (IOException e) {
                // It has gone, and what was in it is without a name.
            }
        }
        record Inode(long device, long number) {}
        var sizes = new HashMap<Inode, Long>();
        for (var file : files) {
            if (devices.contains(file.device())) {
                sizes.merge(new Inode(file.device(), file.inode()), file.bytes().orElse(largestFile), Math::min);
            }
        }
        return sizes.values().stream().mapToLong(DiskUse::pages).sum();
    }

    /** In whole pages, and one more. */
    private static long pages(long size) {
        return PAGE + Math.ceilDiv(size, PAGE) * PAGE;
    }

    private static final class Counter extends SimpleFileVisitor<Path> {
        private long bytes;
        private int files;
        private String trouble = "";

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            return attributes.isDirectory() ? stop("directories deeper than " + MOST_DEPTH) : count(attributes.size());
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            return count(attributes.size());
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) {
            return failure instanceof NoSuchFileException
                    ? FileVisitResult.CONTINUE
                    : stop("a directory that cannot be looked into");
        }

        private FileVisitResult count(long size) {
            bytes += pages(size);
            return ++files > MOST_FILES ? stop("more than " + MOST_FILES + " files") : FileVisitResult.CONTINUE;
        }

        private FileVisitResult stop(String why) {
            trouble = why;
            return FileVisitResult.TERMINATE;
        }
    }
}
