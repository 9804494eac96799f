package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.ProcessEntry;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * What a job adds to directories of the host that it may write to, counted by the sizes that files claim, in whole pages, one more for
 * each file: so many empty files count as well. Files without a name that processes hold open are counted too.
 */
final class DiskUse {
    private static final int MOST_FILES = 100_000;
    private static final int MOST_DEPTH = 128;
    private static final long PAGE = 4096;

    private final List<Path> directories;
    private final long temporaryBytes;
    private final long before;

    /**
     * Takes what is there now for the others'.
     *
     * @param temporaryBytes how large the job's own /tmp is
     * @throws FenceException.Refused when that is too much to be looked at regularly
     */
    DiskUse(List<Path> directories, long temporaryBytes) {
        this.directories = directories;
        this.temporaryBytes = Math.ceilDiv(temporaryBytes, PAGE) * PAGE;
        var now = of(directories, LongStream.empty());
        if (!now.trouble().isEmpty()) {
            throw new FenceException.Refused(
                    "filesystem.write_paths",
                    directories + ": there are " + now.trouble()
                            + ", so its growth cannot be watched; name a smaller one");
        }
        before = now.bytes();
    }

    /**
     * What has come since, with what lies in the job's own /tmp.
     *
     * @param processes the job's
     */
    Size growth(List<ProcessEntry> processes) {
        var now = of(directories, processes.stream().mapToLong(ProcessEntry::pid));
        long temporary = processes.stream()
                .map(process -> new File("/proc/" + process.pid() + "/root/tmp"))
                // By its size: until the fence stands, the path leads to the host's.
                .filter(tmp -> tmp.getTotalSpace() == temporaryBytes)
                .mapToLong(tmp -> tmp.getTotalSpace() - tmp.getFreeSpace())
                .max()
                .orElse(0);
        return new Size(now.bytes() - before + temporary, now.files(), now.trouble());
    }

    /**
     * What was counted.
     *
     * @param trouble why there may be more; empty when that is all
     */
    record Size(long bytes, int files, String trouble) {
        static final Size NONE = new Size(0, 0, "");
    }

    /**
     * Counts.
     *
     * @param processes those of the job, whose open files may have no name any more
     */
    private static Size of(List<Path> directories, LongStream processes) {
        var counter = new Counter();
        for (var directory : directories) {
            try {
                counter.on(directory);
                Files.walkFileTree(directory, Set.of(), MOST_DEPTH, counter);
            } catch (IOException e) {
                // What changed meanwhile is counted the next time.
            }
        }
        processes.forEach(counter::unnamed);
        return new Size(counter.bytes, counter.files, counter.trouble);
    }

    private static final class Counter extends SimpleFileVisitor<Path> {
        private long bytes;
        private int files;
        private String trouble = "";
        private final Set<Object> devices = new HashSet<>();
        private final Set<Object> inodes = new HashSet<>();

        /** Where files without a name can belong to. */
        void on(Path directory) throws IOException {
            devices.add(Files.getAttribute(directory, "unix:dev"));
        }

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

        /** Files that were removed and are still open; the kernel keeps them until they are closed. */
        void unnamed(long process) {
            try (var open = Files.newDirectoryStream(Path.of("/proc", Long.toString(process), "fd"))) {
                for (var descriptor : open) {
                    var what = Files.readAttributes(descriptor, "unix:nlink,size,isRegularFile,dev,ino");
                    if (Integer.valueOf(0).equals(what.get("nlink"))
                            && Boolean.TRUE.equals(what.get("isRegularFile"))
                            && devices.contains(what.get("dev"))
                            && inodes.add(List.of(what.get("dev"), what.get("ino")))) {
                        count((long) what.get("size"));
                    }
                }
            } catch (IOException e) {
                // It has ended, or closed what was being looked at.
            }
        }

        private FileVisitResult count(long size) {
            bytes += PAGE + Math.ceilDiv(size, PAGE) * PAGE;
            return ++files > MOST_FILES ? stop("more than " + MOST_FILES + " files") : FileVisitResult.CONTINUE;
        }

        private FileVisitResult stop(String why) {
            trouble = why;
            return FileVisitResult.TERMINATE;
        }
    }
}
