package dev.ringfence.runner.fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.runner.fence.FencePlan.Mount;
import dev.ringfence.runner.fence.FenceReport.Entry;
import dev.ringfence.runner.fence.cgroup.CgroupLimits;
import dev.ringfence.runner.fence.cgroup.Cgroups.Controller;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import dev.ringfence.runner.fence.seccomp.UnusableSyscallList;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Plans how a profile is enforced in the {@code namespaces} tier. Each field of the profile gets a line in the report
 * or refuses the command; none is passed over.
 */
final class FencePlanner {
    /** The program itself, and bubblewrap's first process in its namespace. */
    private static final int OWN_TASKS = 2;

    /** What giving up root takes, inside the fence and before the program; without privileges they give nothing. */
    private static final Set<String> SETPRIV_SYSCALLS = Set.of(
            "setresuid", "setresgid", "setgroups", "getresuid", "getresgid", "gettid", "capget", "capset", "prctl");

    private final Host host;
    private final FencedCommand command;
    private final SandboxProfile profile;
    private final List<Mount> mounts = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private final Set<Integer> groups = new LinkedHashSet<>();

    private FencePlanner(Host host, FencedCommand command) {
        this.host = host;
        this.command = command;
        this.profile = command.profile();
    }

    /**
     * The plan for a command on a host.
     *
     * @throws FenceException.Refused when the host cannot enforce a field of the profile
     */
    static FencePlan plan(Host host, FencedCommand command) {
        return new FencePlanner(host, command).plan();
    }

    private FencePlan plan() {
        if (host.bubblewrap().isEmpty()) {
            throw new FenceException.Refused(
                    "tier", "bubblewrap is not installed: install it (apt-get install bubblewrap) and restart");
        }
        system();
        var limits = resources();
        filesystem();
        processes();
        var network = NetworkPlan.of(profile.network());
        entries.addAll(network.entries());
        security();
        var filter = filter(network);
        entries.add(new Entry(
                "process_limits.allowed_syscalls",
                profile.processLimits().allowedSyscalls().isEmpty()
                        ? "all but dangerous ones"
                        : profile.processLimits().allowedSyscalls().size() + " named",
                "seccomp",
                filter.description()));
        return new FencePlan(
                mounts,
                groups,
                network,
                filter.program(),
                limits,
                profile.filesystem().maxFileSize().bytes(),
                profile.processLimits().priority(),
                new FenceReport("namespaces", entries));
    }

    private void system() {
        host.systemPaths().forEach((path, what) -> {
            switch (what) {
                case Host.SystemPath.Link link -> mounts.add(new Mount.Link(link.target(), path));
                case Host.SystemPath.Bound _ -> readOnly(path);
            }
        });
        mounts.add(new Mount.Proc());
        for (var path : List.of("/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs")) {
            if (Files.exists(Path.of(path))) {
                mounts.add(new Mount.ReadOnly(Path.of(path)));
            }
        }
        host.masked().forEach(path -> mounts.add(new Mount.Masked(path, Files.isDirectory(path))));
        mounts.add(new Mount.Devices());
    }

    private CgroupLimits resources() {
        var asked = profile.resources();
        require(Controller.MEMORY, "resources.max_memory_mb", asked.maxMemory().toString());
        report(
                "resources.max_memory_mb",
                asked.maxMemory(),
                Controller.MEMORY,
                asked.maxMemory().bytes() + " bytes");

        if (asked.maxCores() >= host.processors()) {
            entry("resources.max_cpu_cores", asked.maxCores(), "the host has no more", host.processors() + " cores");
        } else {
            require(Controller.CPU, "resources.max_cpu_cores", Double.toString(asked.maxCores()));
            report("resources.max_cpu_cores", asked.maxCores(), Controller.CPU, asked.maxCores() + " cores");
        }

        disk(asked.maxDisk());

        switch (asked.gpu()) {
            case GpuAccess.None _ ->
                entry("resources.gpu_access", "None", "no device nodes but null, zero, full, random, tty", "none");
            case GpuAccess.Shared _, GpuAccess.Exclusive _ ->
                throw new FenceException.Refused(
                        "resources.gpu_access",
                        "resources.gpu_access is " + asked.gpu() + ", which this fence cannot enforce yet;"
                                + " use a profile with gpu_access = \"None\"");
        }

        long ioBytes = DataSize.ofMegabytes(asked.maxIoMegabytesPerSecond()).bytes();
        if (ioBytes == 0) {
            entry("resources.max_io_bandwidth_mbps", "no limit", "nothing to enforce", "no limit");
        } else {
            require(Controller.IO, "resources.max_io_bandwidth_mbps", Long.toString(asked.maxIoMegabytesPerSecond()));
            report(
                    "resources.max_io_bandwidth_mbps",
                    asked.maxIoMegabytesPerSecond() + " MB/s",
                    Controller.IO,
                    ioBytes + " bytes/s on each block device");
        }

        int tasks = OWN_TASKS + profile.processLimits().maxChildProcesses() + command.threads();
        return new CgroupLimits(asked.maxMemory().bytes(), tasks, asked.maxCores(), ioBytes);
    }

    private void disk(DataSize asked) {
        if (profile.filesystem().allowTempFiles() && asked.bytes() > 0) {
            mounts.add(new Mount.Temporary(Path.of("/tmp"), asked.bytes()));
            entry("resources.max_disk_mb", asked, "size of the tmpfs on /tmp", asked.bytes() + " bytes");
        } else {
            mounts.add(new Mount.Directory(Path.of("/tmp")));
            entry("resources.max_disk_mb", asked, "nothing can be written", "0 bytes");
        }
    }

    private void filesystem() {
        var asked = profile.filesystem();
        var paths = PathPlan.of(asked, command.readOnly(), host.root(), this::underSystem);
        mounts.addAll(paths.mounts());
        entries.addAll(paths.entries());
        groups.addAll(paths.groups());
        entry(
                "filesystem.allow_temp_files",
                asked.allowTempFiles(),
                asked.allowTempFiles() ? "tmpfs on /tmp" : "/tmp is read-only",
                Boolean.toString(asked.allowTempFiles()));
        entry(
                "filesystem.max_file_size_mb",
                asked.maxFileSize(),
                "RLIMIT_FSIZE",
                asked.maxFileSize().bytes() + " bytes");

        mounts.add(new Mount.Sealed(Path.of("/dev")));
        mounts.add(new Mount.Sealed(Path.of("/")));
    }

    private void processes() {
        var asked = profile.processLimits();
        int children = asked.maxChildProcesses();
        require(Controller.PIDS, "process_limits.max_child_processes", Integer.toString(children));
        String tasks = (children + OWN_TASKS + command.threads()) + " tasks, of them " + OWN_TASKS + " of the fence"
                + " and the program";
        if (children == 0) {
            entry(
                    "process_limits.max_child_processes",
                    0,
                    "seccomp: fork, vfork and clone of processes refused; "
                            + host.controllers().get(Controller.PIDS),
                    tasks);
        } else {
            report("process_limits.max_child_processes", children, Controller.PIDS, tasks);
        }
        entry(
                "process_limits.max_execution_time_seconds",
                asked.maxExecutionTime().toSeconds(),
                "monotonic clock, SIGTERM, grace, SIGKILL to the namespace's first process",
                command.effectiveDeadline().toMillis() + " ms");
        entry("process_limits.process_priority", asked.priority(), "nice", Integer.toString(asked.priority()));
    }

    private SeccompFilter filter(NetworkPlan network) {
        var asked = profile.processLimits();
        var architecture = host.architecture()
                .orElseThrow(() -> new FenceException.Refused(
                        "process_limits.allowed_syscalls",
                        "there is no syscall filter for this processor; x86-64 and aarch64 are known"));
        var allowed = new HashSet<>(asked.allowedSyscalls());
        if (host.root() && !allowed.isEmpty()) {
            allowed.addAll(SETPRIV_SYSCALLS);
        }
        try {
            return SeccompFilter.of(new SeccompPolicy(
                    architecture,
                    allowed,
                    profile.security().strictSyscallFiltering(),
                    profile.security().disableDebugging(),
                    asked.maxChildProcesses() == 0,
                    network.sockets()));
        } catch (UnusableSyscallList e) {
            throw new FenceException.Refused("process_limits.allowed_syscalls", String.valueOf(e.getMessage()));
        }
    }

    private void security() {
        var asked = profile.security();
        entry(
                "security.strict_syscall_filtering",
                asked.strictSyscallFiltering(),
                "seccomp",
                asked.strictSyscallFiltering() ? "strict" : "base");
        entry(
                "security.disable_debugging",
                asked.disableDebugging(),
                asked.disableDebugging() ? "seccomp: ptrace and its like refused" : "nothing to enforce",
                Boolean.toString(asked.disableDebugging()));
        entry(
                "security.enable_audit_logging",
                asked.enableAuditLogging(),
                "every job is in the journal, with this report",
                "true");
        if (asked.requireEncryption()) {
            throw new FenceException.Refused(
                    "security.require_encryption",
                    "security.require_encryption cannot be enforced: the journal is not encrypted;"
                            + " put the data directory on an encrypted volume and leave the key out");
        }
        entry("security.require_encryption", false, "nothing to enforce", "false");
        entry(
                "identity",
                "a user of its own, no capabilities",
                host.root() ? "setpriv, no_new_privs" : "user namespace, no_new_privs",
                host.root() ? "a user of the jobs' range" : "65534 inside, the service's outside");
    }

    /** Directories above it are made by hand, since bubblewrap would keep others than their owner out of them. */
    private void readOnly(Path path) {
        var parents = new ArrayList<Mount>();
        for (var parent = path.getParent(); parent != null && parent.getNameCount() > 0; parent = parent.getParent()) {
            if (!underSystem(parent)) {
                parents.addFirst(new Mount.Directory(parent));
            }
        }
        mounts.addAll(parents);
        mounts.add(new Mount.ReadOnly(path));
    }

    private boolean underSystem(Path path) {
        return path.startsWith("/proc")
                || host.systemPaths().entrySet().stream()
                        .anyMatch(entry ->
                                entry.getValue() instanceof Host.SystemPath.Bound && path.startsWith(entry.getKey()));
    }

    private void require(Controller controller, String field, String value) {
        if (!host.limitable().contains(controller)) {
            throw new FenceException.Refused(
                    field,
                    field + " is " + value + ", and this host has no control group to write to that could enforce it"
                            + " (controller " + controller.name().toLowerCase(java.util.Locale.ROOT) + "); run the"
                            + " service as root or delegate a control group to it (systemd: Delegate=yes)");
        }
    }

    private void report(String field, Object asked, Controller controller, String value) {
        entry(
                field,
                asked,
                host.cgroupVersion().orElse("") + " " + host.controllers().get(controller),
                value);
    }

    private void entry(String field, Object asked, String means, String value) {
        entries.add(new Entry(field, asked.toString(), means, value));
    }
}
