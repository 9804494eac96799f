package dev.ringfence.runner.telemetry;

import dev.ringfence.runner.telemetry.Telemetry.GroupMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * The control groups around the service, of version 1 and 2: their limits of memory, and their pressure. Immutable.
 *
 * @param v1 the service's group in the hierarchy of memory and those around it
 * @param v2 the same in the unified hierarchy
 */
record GroupLimits(List<Path> v1, List<Path> v2) {
    GroupLimits {
        v1 = List.copyOf(v1);
        v2 = List.copyOf(v2);
    }

    /** Finds them by {@code self/mountinfo} and {@code self/cgroup} (proc(5), cgroups(7)). */
    static GroupLimits of(Path proc) {
        var own = KernelText.read(proc.resolve("self/cgroup")).lines().toList();
        var v1 = new ArrayList<Path>();
        var v2 = new ArrayList<Path>();
        KernelText.read(proc.resolve("self/mountinfo"))
                .lines()
                .flatMap(line -> CgroupMount.parse(line).stream())
                .forEach(mount -> {
                    if (mount.version() == 2) {
                        v2.addAll(around(own, "", mount));
                    } else if (mount.options().contains("memory")) {
                        v1.addAll(around(own, "memory", mount));
                    }
                });
        return new GroupLimits(v1, v2);
    }

    /** From the service's own group up to the mount's root; in a container that is often the only one to be seen. */
    private static List<Path> around(List<String> own, String controller, CgroupMount mount) {
        for (var line : own) {
            String[] parts = line.split(":", 3);
            if (parts.length < 3 || !List.of(parts[1].split(",", -1)).contains(controller)) {
                continue;
            }
            var top = mount.point();
            var all = new ArrayList<Path>();
            var path = mount.locate(parts[2]);
            while (path != null && path.startsWith(top) && !path.equals(top)) {
                all.add(path);
                path = path.getParent();
            }
            all.add(top);
            return all;
        }
        return List.of();
    }

    /** The limit that is nearest to be reached; none as long as there is no limit below the host's memory. */
    Optional<GroupMemory> memory(OptionalLong hostTotal) {
        var found = new ArrayList<GroupMemory>();
        for (var group : v1) {
            add(
                    found,
                    hostTotal,
                    KernelText.number(group.resolve("memory.limit_in_bytes")),
                    group.resolve("memory.usage_in_bytes"),
                    group,
                    "total_inactive_file");
        }
        for (var group : v2) {
            add(
                    found,
                    hostTotal,
                    KernelText.number(group.resolve("memory.max")),
                    group.resolve("memory.current"),
                    group,
                    "inactive_file");
        }
        return found.stream().max(Comparator.comparingDouble(GroupMemory::share));
    }

    private static void add(
            List<GroupMemory> found,
            OptionalLong hostTotal,
            OptionalLong limit,
            Path usage,
            Path group,
            String inactive) {
        // Version 1 writes a number near 2^63 for no limit, version 2 a word.
        if (limit.isEmpty() || limit.getAsLong() >= hostTotal.orElse(Long.MAX_VALUE >> 12)) {
            return;
        }
        KernelText.number(usage).ifPresent(used -> {
            long idle = KernelText.number(KernelText.read(group.resolve("memory.stat")), inactive + " ")
                    .orElse(0);
            found.add(new GroupMemory(limit.getAsLong(), Math.max(0, used - idle)));
        });
    }

    /** The smallest limit of memory, in bytes. Of no limit, version 1 has a number near 2^63 and version 2 a word. */
    OptionalLong leastMemory() {
        return LongStream.concat(limits(v1, "memory.limit_in_bytes"), limits(v2, "memory.max"))
                .min();
    }

    private static LongStream limits(List<Path> groups, String file) {
        return groups.stream()
                .map(group -> KernelText.number(group.resolve(file)))
                .flatMapToLong(OptionalLong::stream);
    }

    /** The text of the service's own pressure file; empty where the kernel keeps none for it. */
    String pressure(String what) {
        return v2.isEmpty() ? "" : KernelText.read(v2.getFirst().resolve(what + ".pressure"));
    }
}
