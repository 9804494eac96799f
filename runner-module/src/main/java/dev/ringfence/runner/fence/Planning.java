package dev.ringfence.runner.fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.FenceReport.Entry;
import dev.ringfence.runner.fence.cgroup.Cgroups.Controller;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The plan of one fence while it is made: what it is made from, and the report that grows with it. Used by one thread. */
final class Planning {
    static final String WATCHDOG = "watchdog every " + Watch.INTERVAL.toMillis() + " ms: ";

    /**
     * Memory that shows in no process; refused where only processes are watched. Of a large page that it was given, a pipe
     * keeps all for a single byte (vmsplice).
     */
    static final Set<String> HIDDEN_MEMORY =
            Set.of("memfd_create", "memfd_secret", "vmsplice", SeccompPolicy.LARGER_BUFFERS);

    private final Host host;
    private final FencedCommand command;
    private final List<Entry> entries = new ArrayList<>();

    Planning(Host host, FencedCommand command) {
        this.host = host;
        this.command = command;
    }

    Host host() {
        return host;
    }

    FencedCommand command() {
        return command;
    }

    SandboxProfile profile() {
        return command.profile();
    }

    List<Entry> entries() {
        return entries;
    }

    /** The line on processes and threads, to which the control group is added when it limits them. */
    void tasks(String means, long tasks, String own) {
        var group = host.limitable().contains(Controller.PIDS) ? byGroup(Controller.PIDS) : "";
        entry(
                ProfileKeys.MAX_CHILD_PROCESSES,
                profile().processLimits().maxChildProcesses(),
                means + (means.isEmpty() || group.isEmpty() ? "" : "; ") + group,
                tasks + " tasks, of them " + own);
    }

    /** The line on the deadline. */
    void time(String whatIsKilled) {
        entry(
                ProfileKeys.MAX_EXECUTION_TIME,
                profile().processLimits().maxExecutionTime().toSeconds(),
                "monotonic clock, SIGTERM, grace, SIGKILL to " + whatIsKilled,
                command.effectiveDeadline().toMillis() + " ms");
    }

    /** Which control group limits it. */
    String byGroup(Controller controller) {
        return host.cgroupVersion().orElse("") + " " + host.controllers().get(controller);
    }

    void entry(String field, Object asked, String means, String value) {
        entries.add(new Entry(field, asked.toString(), means, value));
    }

    /**
     * Whether the program may write to the host's files, by its profile or in its workplace.
     *
     * @throws FenceException.Refused when it gives no room for them
     */
    boolean writesToHost(DataSize disk) {
        boolean writable = !profile().filesystem().writePaths().isEmpty();
        if (writable && disk.bytes() == 0) {
            throw new FenceException.Refused(
                    ProfileKeys.MAX_DISK,
                    "resources.max_disk_mb is 0, and filesystem.write_paths is not empty; give it a size, or leave them"
                            + " out");
        }
        return writable || bindings().stream().anyMatch(Workplace.Binding::writable);
    }

    /** What the profile, and the runner itself, let the program read beside the system; without links. */
    Set<Path> readable() {
        var readable = new LinkedHashSet<Path>();
        command.readOnly().forEach(path -> readable.add(real(path)));
        profile()
                .filesystem()
                .readPaths()
                .forEach(pattern ->
                        PathRules.expand(ProfileKeys.READ_PATHS, pattern).forEach(path -> readable.add(path.real())));
        return readable;
    }

    /**
     * The directories that the job works in; none to be written when the profile gives no room on the disk.
     *
     * @throws FenceException.Refused when something of them is denied
     */
    List<Workplace.Binding> bindings() {
        var bindings = command.workplace().bindings();
        for (var denied : denied()) {
            for (var binding : bindings) {
                if (denied.startsWith(binding.host()) || binding.host().startsWith(denied)) {
                    throw new FenceException.Refused(
                            ProfileKeys.DENIED_PATHS,
                            denied + " is denied, and the job works in " + binding.inside()
                                    + ", where it would show; deny another path, or give the job another root");
                }
            }
        }
        return profile().resources().maxDisk().bytes() > 0
                ? bindings
                : bindings.stream().map(Workplace.Binding::readOnly).toList();
    }

    /**
     * Denied wins also over what is not there yet: what is there is hidden or left out, and whatever else a job could make
     * where it may write is refused.
     *
     * @param writable without links
     */
    void refuseWhatCouldBeMade(Collection<Path> writable) {
        if (writable.isEmpty() || profile().filesystem().deniedPaths().isEmpty()) {
            return;
        }
        var denied = denied();
        var given = new LinkedHashSet<>(readable());
        given.removeAll(writable);
        given.addAll(denied);
        for (var place : writable) {
            if (denied.stream().anyMatch(place::startsWith)) {
                continue;
            }
            // What may be read stays as it is below the profile's own paths; what a job works in is given as a whole.
            boolean whole =
                    command.workplace().bindings().stream().anyMatch(binding -> place.startsWith(binding.host()));
            var closed = whole ? denied : given;
            for (var pattern : profile().filesystem().deniedPaths()) {
                if (PathRules.couldBeMade(ProfileKeys.DENIED_PATHS, pattern, place, closed)) {
                    throw new FenceException.Refused(
                            ProfileKeys.DENIED_PATHS,
                            "\"" + pattern + "\" is denied, and a job could make such a name below " + place
                                    + ", where a job may write: deny what exists, a directory around it or the path"
                                    + " itself once it was made, or give another path to write to");
                }
            }
        }
    }

    /** Paths as a report has them. */
    static String list(Collection<Path> paths) {
        return paths.isEmpty() ? "none" : paths.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    /** Who a job is to be at the most; a service that is not root has no user for it but its own. */
    String identity() {
        return host.root()
                ? "its workspace's user, or one of its own where it has none; no capabilities"
                : "the service's user at the most, no capabilities";
    }

    /** Who the program is, when the service is root. */
    String user() {
        return command.workplace().user().isPresent() ? "its workspace's user" : "a user of the jobs' range";
    }

    /** Without links; for what no job can change. */
    static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw new FenceException.Broken(path + " cannot be resolved: " + e.getMessage(), e);
        }
    }

    /** What is there now of what the profile denies. */
    Set<Path> denied() {
        var denied = new LinkedHashSet<Path>();
        for (var pattern : profile().filesystem().deniedPaths()) {
            for (var found : PathRules.expand(ProfileKeys.DENIED_PATHS, pattern)) {
                var path = found.real();
                // Needed inside by the runner itself: hiding it would only fail in a stranger way later.
                if (command.readOnly().stream().anyMatch(needed -> needed.startsWith(path))) {
                    throw new FenceException.Refused(
                            ProfileKeys.DENIED_PATHS, path + " is denied, and the job needs what is below it");
                }
                denied.add(path);
            }
        }
        return denied;
    }
}
