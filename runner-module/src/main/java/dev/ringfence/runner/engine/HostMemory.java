package dev.ringfence.runner.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** How much memory there is for this service: the host's, or less where its control group has a limit. */
final class HostMemory {
    /** Where nothing can be read, which is on no Linux host. */
    private static final long UNKNOWN = 1L << 30;

    private HostMemory() {}

    static long bytes() {
        return bytes(Path.of("/"));
    }

    /** @param root of the file system, below which are {@code proc} and {@code sys} */
    static long bytes(Path root) {
        long most = lines(root.resolve("proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemTotal:"))
                .map(line -> number(line.replaceAll("\\D", "")))
                .flatMapToLong(OptionalLong::stream)
                .map(kibibytes -> kibibytes * 1024)
                .findFirst()
                .orElse(UNKNOWN);
        for (var group : lines(root.resolve("proc/self/cgroup"))) {
            var parts = group.split(":", 3);
            if (parts.length == 3 && parts[1].isEmpty()) {
                most = Math.min(most, least(root.resolve("sys/fs/cgroup"), parts[2], "memory.max"));
            } else if (parts.length == 3 && List.of(parts[1].split(",", -1)).contains("memory")) {
                most = Math.min(most, least(root.resolve("sys/fs/cgroup/memory"), parts[2], "memory.limit_in_bytes"));
            }
        }
        return most;
    }

    /** The smallest limit from a group up to the hierarchy's root; in a container its own group is the root. */
    private static long least(Path mount, String group, String file) {
        long least = Long.MAX_VALUE;
        var directory = mount.resolve(group.replaceAll("^/+", "")).normalize();
        for (var at = directory; at != null && at.startsWith(mount); at = at.getParent()) {
            for (var line : lines(at.resolve(file))) {
                least = Math.min(least, number(line.strip()).orElse(Long.MAX_VALUE));
            }
        }
        return least;
    }

    private static OptionalLong number(String digits) {
        try {
            return OptionalLong.of(Long.parseLong(digits));
        } catch (NumberFormatException e) {
            return OptionalLong.empty(); // "max" means no limit.
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return new ArrayList<>();
        }
    }
}
