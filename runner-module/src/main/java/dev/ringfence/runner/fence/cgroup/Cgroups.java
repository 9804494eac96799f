package dev.ringfence.runner.fence.cgroup;

import dev.ringfence.runner.telemetry.CgroupMount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Where this process may make control groups for its jobs. Thread-safe. */
public interface Cgroups extends AutoCloseable {
    /** The version whose limit of bandwidth holds only what goes to a device directly or is synced. */
    String V1 = "cgroup v1";

    /** {@link #V1} or {@code cgroup v2}. */
    String version();

    /** The controllers that can be used, such as {@code memory}. */
    Set<Controller> controllers();

    /** The file that a limit is written to, for reports. */
    String file(Controller controller);

    /**
     * Makes a group with limits. Limits of a controller that is not there are left out: whoever asks for them looks at
     * {@link #controllers()} first.
     *
     * @throws UncheckedIOException when the group could not be made; nothing of it is left
     */
    JobCgroup create(String name, CgroupLimits limits);

    /** Lets nothing new start in groups that an earlier life of this service left, so that nothing outruns its end. */
    void seal();

    /** Ends every process that an earlier life of this service left in its groups, and removes them. */
    void sweep();

    /** Removes what is left of the service's own groups; the jobs' must be gone. */
    @Override
    void close();

    /** What can be limited. */
    enum Controller {
        MEMORY,
        PIDS,
        CPU,
        IO
    }

    /**
     * Looks for a hierarchy in which this process may make groups.
     *
     * @param instance names the service, so that it finds its groups again after a crash
     */
    static Optional<Cgroups> find(String instance) {
        try {
            var mounts = Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
                    .flatMap(line -> CgroupMount.parse(line).stream())
                    .toList();
            List<String> own = Files.readAllLines(Path.of("/proc/self/cgroup"));
            return CgroupV1.find(mounts, own, instance).or(() -> CgroupV2.find(mounts, own, instance));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
