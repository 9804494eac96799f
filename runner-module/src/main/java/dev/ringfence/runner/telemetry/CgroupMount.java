package dev.ringfence.runner.telemetry;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A mounted hierarchy of control groups, as a line of {@code /proc/self/mountinfo} tells (proc(5)).
 *
 * @param root which part of the hierarchy is mounted
 * @param version 1 or 2
 * @param options of the hierarchy; its controllers are among them in version 1
 */
public record CgroupMount(Path root, Path point, int version, List<String> options) {
    public CgroupMount {
        options = List.copyOf(options);
    }

    /** What a line tells; empty when it is of another file system. */
    public static Optional<CgroupMount> parse(String line) {
        int separator = line.indexOf(" - ");
        if (separator < 0) {
            return Optional.empty();
        }
        String[] left = line.substring(0, separator).split(" ", -1);
        String[] right = line.substring(separator + 3).split(" ", -1);
        int version = switch (right[0]) {
            case "cgroup" -> 1;
            case "cgroup2" -> 2;
            default -> 0;
        };
        if (version == 0 || left.length < 5 || right.length < 3) {
            return Optional.empty();
        }
        return Optional.of(
                new CgroupMount(Path.of(left[3]), Path.of(left[4]), version, List.of(right[2].split(",", -1))));
    }

    /** Where a group of this hierarchy can be seen; a container often sees only its own, as the mount's root. */
    public Path locate(String group) {
        var path = Path.of(group);
        return path.startsWith(root) ? point.resolve(root.relativize(path)).normalize() : point;
    }
}
