package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.FileSystemUse;
import dev.ringfence.runner.process.HeldFiles;
import dev.ringfence.runner.process.PinnedFile;
import dev.ringfence.runner.process.ProcessEngine;
import dev.ringfence.runner.process.ProcessEntry;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a job adds to directories of the host that it may write to, counted by the sizes that files claim, in whole
 * pages, one more for each file: so many empty files count as well. Files without a name that processes hold are counted
 * too, also those that are held by a mapping alone, unless the file system gives mappings other numbers (overlayfs).
 *
 * <p>Not all can be counted always: directories may be closed or too deep, there may be too many files, and files may be
 * on their way from one process to another, where nobody sees them. Once that has lasted for a moment, whatever the file
 * systems have grown by since the last time that all could be counted is taken for the job's, though others write there,
 * too. So nothing that a job leaves keeps later ones from beginning.
 *
 * <p>Used by the thread that watches the job.
 */
final class DiskUse {
    private static final int MOST_FILES = 100_000;
    private static final int MOST_DEPTH = 128;

    /** Closed directories that are opened at the start, and how often those below them are looked for. */
    private static final int MOST_CLOSED = 1000;

    private static final int MOST_ROUNDS = 4;
    private static final int OWNERS_RIGHTS = 0700;
    private static final int MODE_BITS = 07777;
    private static final long PAGE = 4096;
    private static final long MOMENT_NANOS = Duration.ofSeconds(1).toNanos();

    private final List<Path> directories;

    /** Those of the directories that were not closed to the service's user when the job began. */
    private final Set<Path> openBefore = new HashSet<>();

    private final TemporaryFiles temporary;
    private final long largestFile;
    private final long before;
    private final String uncountedBefore;
    private final int largestBefore;
    private volatile boolean reachedLargest;

    /** When all could be counted: what had been added, and how full the file systems were. */
    private long addedThen;

    private long fullThen;
    private final Map<Path, Long> full = new HashMap<>();
    private OptionalLong uncountedSince = OptionalLong.empty();

    /**
     * Takes what is there now for the others'. Directories below that a job of the service's own user closed to itself are
     * opened to it, now and at the last look, and those given themselves if they were open; all other rights stay.
     *
     * @param temporary counted with them
     * @param largestFile the largest that the job can make, in bytes; assumed of a file whose size is not told
     */
    DiskUse(List<Path> directories, TemporaryFiles temporary, long largestFile) {
        this.directories = directories;
        this.temporary = temporary;
        this.largestFile = largestFile;
        directories.stream()
                .filter(directory -> Files.isReadable(directory) && Files.isExecutable(directory))
                .forEach(openBefore::add);
        var now = opened();
        before = now.bytes;
        uncountedBefore = now.uncounted;
        largestBefore = now.largest;
        fullThen = full();
    }

    /**
     * What has come since, with what lies in the job's own /tmp.
     *
     * @param processes the job's
     * @param held by them; empty when one hides it
     * @param last whether nothing of the job is left
     */
    Size growth(List<ProcessEntry> processes, Optional<HeldFiles> held, boolean last) {
        var now = last ? opened() : named();
        if (now.largest > largestBefore) {
            reachedLargest = true;
        }
        long full = full();
        long own = temporary.bytes(processes);
        if (!uncountedBefore.isEmpty()) {
            return new Size(own + full - fullThen, now.files, "when it began: " + uncountedBefore);
        }
        long added = now.bytes - before + unnamed(held);
        var uncounted = now.uncounted.isEmpty() ? uncounted(held) : now.uncounted;
        long at = System.nanoTime();
        if (uncounted.isEmpty()) {
            addedThen = added;
            fullThen = full;
            uncountedSince = OptionalLong.empty();
            return new Size(own + added, now.files, "");
        }
        if (uncountedSince.isEmpty()) {
            uncountedSince = OptionalLong.of(at);
        }
        long grown = addedThen + full - fullThen;
        boolean passing = !last && at - uncountedSince.getAsLong() < MOMENT_NANOS;
        return passing || grown <= added
                ? new Size(own + added, now.files, "")
                : new Size(own + grown, now.files, uncounted);
    }

    /** Whether there were more files of the largest size than before. */
    boolean reachedLargest() {
        return reachedLargest;
    }

    /** Whether the job's own /tmp had no room when somebody looked. */
    boolean temporaryWasFull() {
        return temporary.wasFull();
    }

    private static String uncounted(Optional<HeldFiles> held) {
        return held.map(files -> {
                    if (!files.complete()) {
                        return "its processes hold too many files";
                    }
                    return files.undelivered() == 0 ? "" : "files were sent to sockets and not received";
                })
                .orElse("a process hides which files it holds");
    }

    /**
     * What was counted.
     *
     * @param uncounted why the file systems' growth stands for what the job added; empty when that was counted
     */
    record Size(long bytes, int files, String uncounted) {
        static final Size NONE = new Size(0, 0, "");

        @Override
        public String toString() {
            return uncounted.isEmpty()
                    ? bytes + " bytes in " + files + " files"
                    : bytes + " bytes by the growth of the file system, since not all could be counted (" + uncounted
                            + ")";
        }
    }

    /** How full the directories' file systems are, all together: in bytes, and a page for each file. */
    private long full() {
        var devices = new HashSet<Long>();
        long sum = 0;
        for (var directory : directories) {
            var device = device(directory);
            if (device.isEmpty() || devices.add(device.getAsLong())) {
                // One that cannot be asked is as full as it was.
                long now = FileSystemUse.of(directory)
                        .map(use -> use.usedBytes() + use.files() * PAGE)
                        .orElseGet(() -> full.getOrDefault(directory, 0L));
                full.put(directory, now);
                sum += now;
            }
        }
        return sum;
    }

    private static OptionalLong device(Path directory) {
        try {
            return OptionalLong.of((long) Files.getAttribute(directory, "unix:dev"));
        } catch (IOException e) {
            return OptionalLong.empty(); // It has gone, and what was in it is without a name.
        }
    }

    /** Nothing of the job runs, which would notice that its directories are not closed any more. Root passes them all. */
    private Counter opened() {
        var counter = named();
        boolean root = ProcessEngine.effectiveUser() == 0;
        for (int round = 0; round < MOST_ROUNDS && !root && !counter.closed.isEmpty(); round++) {
            counter.closed.forEach(this::open);
            counter = named();
        }
        return counter;
    }

    private Counter named() {
        var counter = new Counter();
        for (var directory : directories) {
            try {
                Files.walkFileTree(directory, Set.of(), MOST_DEPTH, counter);
            } catch (IOException e) {
                // What changed meanwhile is counted the next time.
            }
        }
        return counter;
    }

    /** What a job that has the service's own user closed to both; its parent, when that cannot be passed. */
    private void open(Path closed) {
        try {
            openDirectory(closed);
        } catch (AccessDeniedException e) {
            try {
                openDirectory(Objects.requireNonNull(closed.getParent(), "it lies in a directory"));
            } catch (IOException stillClosed) {
                return; // It is counted by other means.
            }
        } catch (IOException e) {
            return; // It is counted by other means.
        }
    }

    private void openDirectory(Path directory) throws IOException {
        if (directories.stream().noneMatch(given -> isBelow(directory, given)) && !openBefore.contains(directory)) {
            return;
        }
        try (var held = PinnedFile.withoutLinks(directory)) {
            if (Files.isDirectory(held.path()) && held.owner() == ProcessEngine.effectiveUser()) {
                int mode = (int) Files.getAttribute(held.path(), "unix:mode") & MODE_BITS;
                held.changeMode(mode | OWNERS_RIGHTS);
            }
        }
    }

    static boolean isBelow(Path path, Path directory) {
        return path.startsWith(directory) && !path.equals(directory);
    }

    private long unnamed(Optional<HeldFiles> held) {
        var devices = new HashSet<Long>();
        directories.forEach(directory -> device(directory).ifPresent(devices::add));
        record Inode(long device, long number) {}
        var sizes = new HashMap<Inode, Long>();
        for (var file : held.map(HeldFiles::unnamed).orElse(Set.of())) {
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

    private final class Counter extends SimpleFileVisitor<Path> {
        private long bytes;
        private int files;
        private int largest;
        private final List<Path> closed = new ArrayList<>();
        private String uncounted = "";

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile() && attributes.size() == largestFile) {
                largest++;
            }
            return attributes.isDirectory()
                    ? stop("directories are deeper than " + MOST_DEPTH)
                    : count(attributes.size());
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            return count(attributes.size());
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) {
            if (failure instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
            }
            if (failure instanceof AccessDeniedException && closed.size() < MOST_CLOSED) {
                closed.add(file);
            }
            uncounted = "a directory cannot be looked into";
            return FileVisitResult.CONTINUE;
        }

        private FileVisitResult count(long size) {
            bytes += pages(size);
            return ++files > MOST_FILES
                    ? stop("there are more than " + MOST_FILES + " files")
                    : FileVisitResult.CONTINUE;
        }

        private FileVisitResult stop(String why) {
            uncounted = why;
            return FileVisitResult.TERMINATE;
        }
    }
}
