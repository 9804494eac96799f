package dev.ringfence.runner.fence.cgroup;

import dev.ringfence.runner.process.KernelFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads and writes the files by which control groups are handled. */
final class GroupFiles {
    private GroupFiles() {}

    static void write(Path file, String value) {
        try {
            KernelFile.write(file, value);
        } catch (IOException e) {
            throw new UncheckedIOException("writing " + value + " to " + file + " failed: " + e.getMessage(), e);
        }
    }

    /** Refuses every fork in the groups below one, where processes are counted. */
    static void seal(Path root) {
        for (var group : children(root)) {
            var tasks = group.resolve("pids.max");
            if (Files.exists(tasks)) {
                write(tasks, "0");
            }
        }
    }

    static OptionalLong number(Path file) {
        try {
            return OptionalLong.of(Long.parseLong(KernelFile.read(file).strip()));
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    /** The number behind a key, as in {@code oom_kill 1}; zero when the file or the key is not there. */
    static long counter(Path file, String key) {
        try {
            for (var line : KernelFile.read(file).split("\n", -1)) {
                if (line.startsWith(key + " ")) {
                    return Long.parseLong(line.substring(key.length() + 1).strip());
                }
            }
        } catch (IOException e) {
            return 0;
        }
        return 0;
    }

    /** Whole block devices that hold something, as {@code major:minor}. */
    static List<String> blockDevices() {
        var devices = new ArrayList<String>();
        try (var entries = Files.newDirectoryStream(Path.of("/sys/block"))) {
            for (var entry : entries) {
                if (number(entry.resolve("size")).orElse(0) > 0) {
                    devices.add(KernelFile.read(entry.resolve("dev")).strip());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the block devices could not be listed", e);
        }
        return devices;
    }

    /** None is listed twice. */
    static Set<Integer> processes(Path group) {
        try {
            return KernelFile.read(group.resolve("cgroup.procs"))
                    .lines()
                    .map(Integer::valueOf)
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            return Set.of();
        }
    }

    static List<Path> children(Path group) {
        var children = new ArrayList<Path>();
        try (var entries = Files.newDirectoryStream(group, Files::isDirectory)) {
            entries.forEach(children::add);
        } catch (IOException e) {
            return List.of();
        }
        return children;
    }

    /** Whether groups can be made below a group. */
    static boolean writable(Path group) {
        return Files.isDirectory(group) && Files.isWritable(group);
    }

    static boolean remove(Path group) {
        try {
            Files.deleteIfExists(group);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** All numbers that a pattern finds in its first group, together; empty when there is no such file. */
    static OptionalLong sum(Path file, Pattern pattern) {
        try {
            return OptionalLong.of(pattern.matcher(KernelFile.read(file))
                    .results()
                    .mapToLong(found -> Long.parseLong(found.group(1)))
                    .sum());
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
