package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.FileSystemUse;
import dev.ringfence.runner.process.ProcessEntry;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A job's own /tmp, which is a file system in memory, as seen through its processes. */
final class TemporaryFiles {
    private static final long PAGE = 4096;

    /** What the kernel keeps for each file beside its pages, about. */
    private static final long FILE_BYTES = 1024;

    private final long size;
    private volatile boolean full;

    /**
     * @param size that it was made with, in bytes; zero when there is none
     */
    TemporaryFiles(long size) {
        this.size = Math.ceilDiv(size, PAGE) * PAGE;
    }

    /** Whether they took all the room when somebody looked. */
    boolean wasFull() {
        return full;
    }

    /** What files in it fill. */
    long bytes(List<ProcessEntry> processes) {
        return use(processes).map(FileSystemUse::usedBytes).orElse(0L);
    }

    /** What they take of the memory, empty ones too. */
    long memory(List<ProcessEntry> processes) {
        return use(processes)
                .map(use -> use.usedBytes() + use.files() * FILE_BYTES)
                .orElse(0L);
    }

    private Optional<FileSystemUse> use(List<ProcessEntry> processes) {
        if (size == 0) {
            return Optional.empty();
        }
        var found = processes.stream()
                .map(process -> FileSystemUse.of(Path.of("/proc", Integer.toString(process.pid()), "root", "tmp")))
                .flatMap(Optional::stream)
                // By its size: until the fence stands, the path leads to the host's.
                .filter(use -> use.sizeBytes() == size)
                .max(Comparator.comparingLong(FileSystemUse::usedBytes));
        if (found.filter(use -> use.usedBytes() >= size).isPresent()) {
            full = true;
        }
        return found;
    }
}
