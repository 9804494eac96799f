package dev.ringfence.runner.process;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How full a file system is (statfs(2)).
 *
 * @param sizeBytes all that fits
 * @param files how many files, directories and links it has
 */
public record FileSystemUse(long sizeBytes, long usedBytes, long files) {
    /** That of a path; empty when it cannot be reached. */
    public static Optional<FileSystemUse> of(Path path) {
        return SystemCalls.fileSystem(path.toString());
    }
}
