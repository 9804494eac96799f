package dev.ringfence.runner.process;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A regular file that was removed and that a process still holds.
 *
 * @param device as stat(2) gives it
 * @param bytes its size; empty for one that is only mapped, of which it is not told
 */
public record UnnamedFile(long device, long inode, OptionalLong bytes) {
    private static final String DELETED = " (deleted)";

    /** What a line of a process's maps tells of: range, rights, offset, device, inode, name (proc(5)). */
    static Optional<UnnamedFile> mapped(String line) {
        if (!line.endsWith(DELETED)) {
            return Optional.empty();
        }
        String[] fields = line.split(" +", 6);
        String[] device = fields[3].split(":", 2);
        return Optional.of(new UnnamedFile(
                number(Long.parseLong(device[0], 16), Long.parseLong(device[1], 16)),
                Long.parseLong(fields[4]),
                OptionalLong.empty()));
    }

    /** As makedev(3) puts it together. */
    private static long number(long major, long minor) {
        return ((major & 0xFFF) << 8) | ((major & ~0xFFFL) << 32) | (minor & 0xFF) | ((minor & ~0xFFL) << 12);
    }
}
