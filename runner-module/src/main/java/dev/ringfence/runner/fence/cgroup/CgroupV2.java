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
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Version 2: one hierarchy. A group with processes of its own cannot pass controllers on, so the service moves into a
 * leaf before it makes groups for its jobs.
 */
final class CgroupV2 implements Cgroups {
    private static final long CPU_PERIOD_MICROS = 100_000;

    /** How often processes of the service's group are moved on; each time only those come that were just started. */
    private static final int MOST_ROUNDS = 100;

    private static final Pattern WRITTEN = Pattern.compile("\\bwbytes=(\\d+)");

    private static final Map<String, Controller> NAMES =
            Map.of("memory", Controller.MEMORY, "pids", Controller.PIDS, "cpu", Controller.CPU, "io", Controller.IO);

    private final Path root;
    private final Set<Controller> controllers;
    private final Graveyard graveyard = new Graveyard();

    private CgroupV2(Path root, Set<Controller> controllers) {
        this.root = root;
        this.controllers = controllers;
    }

    static Optional<Cgroups> find(List<CgroupMount> mounts, List<String> own, String instance) {
        for (var mount : mounts) {
            if (mount.version() != 2) {
                continue;
            }
            for (var line : own) {
                if (line.startsWith("0::")) {
                    return prepare(mount.locate(line.substring(3)), instance);
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Cgroups> prepare(Path own, String instance) {
        // After a restart in place the service is in its leaf already.
        var parent = own.getParent();
        var group = own.endsWith("ringfence-service") && parent != null ? parent : own;
        try {
            var available =
                    List.of(Files.readString(group.resolve("cgroup.controllers"))
                                    .strip()
                                    .split(" ", -1))
                            .stream()
                            .filter(NAMES::containsKey)
                            .toList();
            if (!available.contains("memory") || !GroupFiles.writable(group)) {
                return Optional.empty();
            }
            if (group.equals(own) && mustBeEmpty(group)) {
                vacate(group);
            }
            String enable = available.stream().map(name -> "+" + name).collect(Collectors.joining(" "));
            write(group.resolve("cgroup.subtree_control"), enable);
            var root = group.resolve("ringfence-" + instance);
            Files.createDirectories(root);
            write(root.resolve("cgroup.subtree_control"), enable);
            return Optional.of(
                    new CgroupV2(root, available.stream().map(NAMES::get).collect(Collectors.toSet())));
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }

    /** The rule holds for all groups but the hierarchy's own root, which alone has no type. */
    private static boolean mustBeEmpty(Path group) {
        return Files.exists(group.resolve("cgroup.type"));
    }

    /** Moves all processes to a leaf; some may end or be started meanwhile. */
    private static void vacate(Path group) throws IOException {
        var leaf = group.resolve("ringfence-service");
        Files.createDirectories(leaf);
        for (int round = 0; round < MOST_ROUNDS; round++) {
            var processes = GroupFiles.processes(group);
            if (processes.isEmpty()) {
                return;
            }
            for (long pid : processes) {
                try {
                    write(leaf.resolve("cgroup.procs"), Long.toString(pid));
                } catch (UncheckedIOException e) {
                    if (ProcessHandle.of(pid).isPresent()) {
                        throw e;
                    }
                }
            }
        }
        throw new IOException("new processes keep coming to " + group);
    }

    @Override
    public String version() {
        return "cgroup v2";
    }

    @Override
    public Set<Controller> controllers() {
        return Set.copyOf(controllers);
    }

    @Override
    public String file(Controller controller) {
        return switch (controller) {
            case MEMORY -> "memory.max";
            case PIDS -> "pids.max";
            case CPU -> "cpu.max";
            case IO -> "io.max";
        };
    }

    @Override
    public JobCgroup create(String name, CgroupLimits limits) {
        var group = root.resolve(name);
        try {
            Files.createDirectories(group);
            var values = values(limits);
            for (var controller : controllers) {
                for (var value : values.getOrDefault(controller, List.of())) {
                    write(group.resolve(file(controller)), value);
                }
            }
            if (controllers.contains(Controller.MEMORY)) {
                write(group.resolve("memory.oom.group"), "1");
                if (Files.exists(group.resolve("memory.swap.max"))) {
                    write(group.resolve("memory.swap.max"), "0");
                }
            }
        } catch (IOException e) {
            graveyard.bury(List.of(group));
            throw new UncheckedIOException("a control group could not be made: " + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            graveyard.bury(List.of(group));
            throw e;
        }
        return new Group(group);
    }

    private static Map<Controller, List<String>> values(CgroupLimits limits) {
        var values = new EnumMap<Controller, List<String>>(Controller.class);
        values.put(Controller.MEMORY, List.of(Long.toString(limits.memoryBytes())));
        values.put(Controller.PIDS, List.of(Long.toString(limits.tasks())));
        if (limits.cores() < Runtime.getRuntime().availableProcessors()) {
            long quota = Math.max(1000, Math.round(limits.cores() * CPU_PERIOD_MICROS));
            values.put(Controller.CPU, List.of(quota + " " + CPU_PERIOD_MICROS));
        }
        if (limits.ioBytesPerSecond() > 0) {
            long rate = limits.ioBytesPerSecond();
            values.put(
                    Controller.IO,
                    GroupFiles.blockDevices().stream()
                            .map(device -> device + " rbps=" + rate + " wbps=" + rate)
                            .toList());
        }
        return values;
    }

    @Override
    public void seal() {
        GroupFiles.seal(root);
    }

    @Override
    public void sweep() {
        for (var group : GroupFiles.children(root)) {
            var kill = group.resolve("cgroup.kill");
            if (Files.exists(kill)) {
                write(kill, "1");
            } else {
                GroupFiles.processes(group)
                        .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
            }
            graveyard.bury(List.of(group));
        }
    }

    @Override
    public void close() {
        graveyard.bury(List.of(root));
    }

    private final class Group implements JobCgroup {
        private final Path group;

        /** Forks that were refused before the group was sealed: those after it are no limit that the job ran into. */
        private volatile OptionalLong refusedForks = OptionalLong.empty();

        Group(Path group) {
            this.group = group;
        }

        /** Here the threads of a process are not to be parted. */
        @Override
        public boolean enter() {
            return false;
        }

        @Override
        public void leave() {}

        @Override
        public void place(long pid) {
            write(group.resolve("cgroup.procs"), Long.toString(pid));
        }

        @Override
        public void seal() {
            if (controllers.contains(Controller.PIDS) && refusedForks.isEmpty()) {
                refusedForks = OptionalLong.of(counter(group.resolve("pids.events"), "max"));
                write(group.resolve("pids.max"), "0");
            }
        }

        @Override
        public Set<Integer> processes() {
            return GroupFiles.processes(group);
        }

        @Override
        public long peakMemoryBytes() {
            return number(group.resolve("memory.peak")).orElse(0);
        }

        @Override
        public Readings readings() {
            return new Readings(
                    peakMemoryBytes(),
                    micros("user_usec"),
                    micros("system_usec"),
                    counter(group.resolve("memory.events"), "oom_kill"),
                    refusedForks.orElseGet(() -> counter(group.resolve("pids.events"), "max")),
                    number(group.resolve("pids.peak")),
                    sum(group.resolve("io.stat"), WRITTEN));
        }

        private Duration micros(String key) {
            return Duration.ofNanos(counter(group.resolve("cpu.stat"), key) * 1000);
        }

        @Override
        public void remove() {
            graveyard.bury(List.of(group));
        }
    }
}
