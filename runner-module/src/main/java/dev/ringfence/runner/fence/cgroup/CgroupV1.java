package dev.ringfence.runner.fence.cgroup;

import static dev.ringfence.runner.fence.cgroup.GroupFiles.counter;
import static dev.ringfence.runner.fence.cgroup.GroupFiles.number;
import static dev.ringfence.runner.fence.cgroup.GroupFiles.sum;
import static dev.ringfence.runner.fence.cgroup.GroupFiles.write;

import dev.ringfence.runner.telemetry.CgroupMount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/** Version 1: a hierarchy for each controller, or for some together. */
final class CgroupV1 implements Cgroups {
    private static final Logger LOG = Logger.getLogger(CgroupV1.class);

    /** What the kernel takes for whoever writes it. */
    private static final String CALLING_THREAD = "0";

    private static final long CPU_PERIOD_MICROS = 100_000;
    private static final Map<Controller, String> NAMES =
            Map.of(Controller.MEMORY, "memory", Controller.PIDS, "pids", Controller.CPU, "cpu", Controller.IO, "blkio");

    private static final Pattern WRITTEN = Pattern.compile("(?m)^\\S+ Write (\\d+)$");

    /** The service's own group in each hierarchy, under which jobs get theirs. */
    private final Map<Controller, Path> roots;

    private final Optional<Path> accounting;
    private final Graveyard graveyard = new Graveyard();

    private CgroupV1(Map<Controller, Path> roots, Optional<Path> accounting) {
        this.roots = new EnumMap<>(roots);
        this.accounting = accounting;
    }

    static Optional<Cgroups> find(List<CgroupMount> mounts, List<String> own, String instance) {
        var roots = new EnumMap<Controller, Path>(Controller.class);
        NAMES.forEach((controller, name) ->
                locate(mounts, own, name, instance).ifPresent(path -> roots.put(controller, path)));
        // Without memory there, the hierarchies of version 1 are somebody's leftovers, and version 2 is in use.
        return roots.containsKey(Controller.MEMORY)
                ? Optional.of(new CgroupV1(roots, locate(mounts, own, "cpuacct", instance)))
                : Optional.empty();
    }

    private static Optional<Path> locate(List<CgroupMount> mounts, List<String> own, String name, String instance) {
        for (var mount : mounts) {
            if (mount.version() != 1 || !mount.options().contains(name)) {
                continue;
            }
            for (var line : own) {
                String[] parts = line.split(":", 3);
                if (parts.length == 3 && List.of(parts[1].split(",", -1)).contains(name)) {
                    var group = mount.locate(parts[2]);
                    if (GroupFiles.writable(group)) {
                        return Optional.of(group.resolve("ringfence-" + instance));
                    }
                }
            }
        }
        return Optional.empty();
    }

    @Override
    public String version() {
        return V1;
    }

    @Override
    public Set<Controller> controllers() {
        return Set.copyOf(roots.keySet());
    }

    @Override
    public String file(Controller controller) {
        return switch (controller) {
            case MEMORY -> "memory.limit_in_bytes";
            case PIDS -> "pids.max";
            case CPU -> "cpu.cfs_quota_us";
            case IO -> "blkio.throttle.read_bps_device, write_bps_device";
        };
    }

    @Override
    public JobCgroup create(String name, CgroupLimits limits) {
        var groups = new EnumMap<Controller, Path>(Controller.class);
        var all = new LinkedHashSet<Path>();
        try {
            for (var root : roots.entrySet()) {
                groups.put(root.getKey(), root.getValue().resolve(name));
                all.add(root.getValue().resolve(name));
            }
            accounting.ifPresent(path -> all.add(path.resolve(name)));
            for (var group : all) {
                Files.createDirectories(group);
            }
            limit(groups, limits);
        } catch (IOException e) {
            graveyard.bury(List.copyOf(all));
            throw new UncheckedIOException("a control group could not be made: " + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            graveyard.bury(List.copyOf(all));
            throw e;
        }
        return new Group(groups, accounting.map(path -> path.resolve(name)), List.copyOf(all), limits.tasks());
    }

    private static void limit(Map<Controller, Path> groups, CgroupLimits limits) {
        groups.forEach((controller, group) -> {
            switch (controller) {
                case MEMORY -> {
                    String bytes = Long.toString(limits.memoryBytes());
                    write(group.resolve("memory.limit_in_bytes"), bytes);
                    var withSwap = group.resolve("memory.memsw.limit_in_bytes");
                    if (Files.exists(withSwap)) {
                        write(withSwap, bytes);
                    } else {
                        // Without swap accounting, swap is kept out of the group.
                        write(group.resolve("memory.swappiness"), "0");
                    }
                }
                case PIDS -> write(group.resolve("pids.max"), Long.toString(limits.tasks()));
                case CPU -> {
                    if (limits.cores() < Runtime.getRuntime().availableProcessors()) {
                        write(group.resolve("cpu.cfs_period_us"), Long.toString(CPU_PERIOD_MICROS));
                        // The kernel takes no quota below one millisecond.
                        long quota = Math.max(1000, Math.round(limits.cores() * CPU_PERIOD_MICROS));
                        write(group.resolve("cpu.cfs_quota_us"), Long.toString(quota));
                    }
                }
                case IO -> {
                    if (limits.ioBytesPerSecond() > 0) {
                        for (var device : GroupFiles.blockDevices()) {
                            String limit = device + " " + limits.ioBytesPerSecond();
                            write(group.resolve("blkio.throttle.read_bps_device"), limit);
                            write(group.resolve("blkio.throttle.write_bps_device"), limit);
                        }
                    }
                }
            }
        });
    }

    @Override
    public void seal() {
        Optional.ofNullable(roots.get(Controller.PIDS)).ifPresent(GroupFiles::seal);
    }

    @Override
    public void sweep() {
        var all = new ArrayList<>(roots.values());
        accounting.ifPresent(all::add);
        for (var root : all) {
            for (var group : GroupFiles.children(root)) {
                GroupFiles.processes(group)
                        .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
                graveyard.bury(List.of(group));
            }
        }
    }

    @Override
    public void close() {
        graveyard.bury(List.copyOf(new LinkedHashSet<>(roots.values())));
        accounting.ifPresent(path -> graveyard.bury(List.of(path)));
    }

    private final class Group implements JobCgroup {
        private final Map<Controller, Path> groups;
        private final Optional<Path> accounts;
        private final List<Path> all;
        private final long tasks;
        private volatile boolean entered;

        /** Forks that were refused before the group was sealed: those after it are no limit that the job ran into. */
        private volatile OptionalLong refusedForks = OptionalLong.empty();

        Group(Map<Controller, Path> groups, Optional<Path> accounts, List<Path> all, long tasks) {
            this.groups = groups;
            this.accounts = accounts;
            this.all = all;
            this.tasks = tasks;
        }

        @Override
        public boolean enter() {
            try {
                all.forEach(group -> write(group.resolve("tasks"), CALLING_THREAD));
                var pids = groups.get(Controller.PIDS);
                if (pids != null) {
                    // The launcher's, beside the job's own.
                    write(pids.resolve("pids.max"), Long.toString(tasks + 1));
                }
                entered = true;
            } catch (UncheckedIOException e) {
                LOG.debugf("what a thread starts will be moved into its control group: %s", e.getMessage());
                leave();
            }
            return entered;
        }

        @Override
        public void leave() {
            for (var group : all) {
                try {
                    // Above the service's groups of jobs is its own.
                    write(Objects.requireNonNull(group.getParent()).resolveSibling("tasks"), CALLING_THREAD);
                } catch (UncheckedIOException e) {
                    // It leaves when it ends, or enters another one; until then the group cannot be removed.
                    LOG.warnf("a thread of the service stays in a job's control group: %s", e.getMessage());
                }
            }
        }

        @Override
        public void place(long pid) {
            if (!entered) {
                all.forEach(group -> write(group.resolve("cgroup.procs"), Long.toString(pid)));
            }
        }

        @Override
        public void seal() {
            var pids = groups.get(Controller.PIDS);
            if (pids != null && refusedForks.isEmpty()) {
                refusedForks = OptionalLong.of(counter(pids.resolve("pids.events"), "max"));
                write(pids.resolve("pids.max"), "0");
            }
        }

        @Override
        public Set<Integer> processes() {
            var processes = new HashSet<>(GroupFiles.processes(all.getFirst()));
            // By a thread that is about to start something in it, or could not leave it.
            processes.remove((int) ProcessHandle.current().pid());
            return processes;
        }

        @Override
        public long peakMemoryBytes() {
            var memory = groups.get(Controller.MEMORY);
            return memory == null
                    ? 0
                    : number(memory.resolve("memory.max_usage_in_bytes")).orElse(0);
        }

        @Override
        public Readings readings() {
            var memory = groups.get(Controller.MEMORY);
            var pids = groups.get(Controller.PIDS);
            var io = groups.get(Controller.IO);
            return new Readings(
                    peakMemoryBytes(),
                    nanos("cpuacct.usage_user"),
                    nanos("cpuacct.usage_sys"),
                    memory == null ? 0 : counter(memory.resolve("memory.oom_control"), "oom_kill"),
                    pids == null ? 0 : refusedForks.orElseGet(() -> counter(pids.resolve("pids.events"), "max")),
                    pids == null ? OptionalLong.empty() : mostTasks(pids),
                    io == null ? OptionalLong.empty() : sum(io.resolve("blkio.throttle.io_service_bytes"), WRITTEN));
        }

        private OptionalLong mostTasks(Path pids) {
            var peak = number(pids.resolve("pids.peak"));
            return entered && peak.isPresent() ? OptionalLong.of(Math.max(0, peak.getAsLong() - 1)) : peak;
        }

        private Duration nanos(String file) {
            return accounts.map(group ->
                            Duration.ofNanos(number(group.resolve(file)).orElse(-1)))
                    .orElse(Duration.ofNanos(-1));
        }

        @Override
        public void remove() {
            graveyard.bury(all);
        }
    }
}
