package dev.ringfence.runner.fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.runner.fence.cgroup.CgroupLimits;
import dev.ringfence.runner.fence.cgroup.Cgroups.Controller;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import dev.ringfence.runner.fence.seccomp.UnusableSyscallList;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Plans how a profile is enforced. Each field of the profile gets a line in the report or refuses the command; none is
 * passed over. What a control group limits is the same in every tier, and where there is none a watchdog takes its place.
 */
final class FencePlanner {
    /** Those that were written before: jobs of one profile have the same, and writing one is most of a plan's work. */
    private static final Map<SeccompPolicy, SeccompFilter> FILTERS = new ConcurrentHashMap<>();

    private static final int MOST_FILTERS = 256;

    private final Host host;
    private final FencedCommand command;
    private final SandboxProfile profile;
    private final Planning planning;
    private final TierPlanner tier;

    private long watchedMemory;
    private double watchedCores;
    private long watchedIo;
    private long watchedDisk;
    private int nice;
    private Optional<Gpus.Found> gpus = Optional.empty();

    private FencePlanner(Host host, FencedCommand command) {
        this.host = host;
        this.command = command;
        this.profile = command.profile();
        this.planning = new Planning(host, command);
        this.tier = switch (host.tierFor(profile)) {
            case NAMESPACES -> new NamespacesPlanner(planning);
            case LANDLOCK -> new LandlockPlanner(planning, host.landlock().orElseThrow());
        };
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
        tier.system();
        var limits = resources();
        tier.filesystem();
        entry(
                ProfileKeys.MAX_FILE_SIZE,
                profile.filesystem().maxFileSize(),
                "RLIMIT_FSIZE",
                profile.filesystem().maxFileSize().bytes() + " bytes");
        var tasks = tier.tasks(limits.tasks());
        priority();
        var network = tier.network(profile.network());
        planning.entries().addAll(network.entries());
        security();
        var filter = filter(network);
        entry(
                ProfileKeys.ALLOWED_SYSCALLS,
                profile.processLimits().allowedSyscalls().isEmpty()
                        ? "all but dangerous ones"
                        : profile.processLimits().allowedSyscalls().size() + " named",
                "seccomp",
                filter.description());
        var plan = tier.plan();
        return new FencePlan(
                plan,
                network,
                filter.program(),
                gpus,
                limits,
                new Watch(
                        watchedMemory,
                        watchedMemory > 0 ? plan.temporaryBytes() : 0,
                        watchedCores,
                        watchedIo,
                        host.limitable().contains(Controller.IO),
                        tasks.watched(),
                        tasks.counted(),
                        watchedDisk),
                tasks.ofUser(),
                profile.filesystem().maxFileSize().bytes(),
                nice,
                new FenceReport(plan.tier().externalName(), planning.entries()));
    }

    private CgroupLimits resources() {
        var asked = profile.resources();
        long memory = memory(asked.maxMemory());
        cores(asked.maxCores());
        watchedDisk = tier.disk(asked.maxDisk());
        gpu(asked.gpu());
        long ioBytes = io(asked.maxIoMegabytesPerSecond());
        int tasks = tier.ownTasks() + profile.processLimits().maxChildProcesses() + command.threads();
        return new CgroupLimits(memory, tasks, asked.maxCores(), ioBytes);
    }

    private long memory(DataSize asked) {
        long bytes = asked.bytes();
        if (host.limitable().contains(Controller.MEMORY)) {
            report(ProfileKeys.MAX_MEMORY, asked, Controller.MEMORY, bytes + " bytes");
        } else {
            watchedMemory = bytes;
            entry(
                    ProfileKeys.MAX_MEMORY,
                    asked,
                    Planning.WATCHDOG + tier.watchedMemory() + "; RLIMIT_DATA of each at twice that",
                    bytes + " bytes");
        }
        return bytes;
    }

    private void cores(double asked) {
        if (asked >= host.processors()) {
            entry(ProfileKeys.MAX_CPU_CORES, asked, "the host has no more", host.processors() + " cores");
        } else if (host.limitable().contains(Controller.CPU)) {
            report(ProfileKeys.MAX_CPU_CORES, asked, Controller.CPU, asked + " cores");
        } else {
            watchedCores = asked;
            entry(
                    ProfileKeys.MAX_CPU_CORES,
                    asked,
                    Planning.WATCHDOG + "all processes are stopped while they are ahead of their time",
                    asked + " cores on average");
        }
    }

    private void gpu(GpuAccess asked) {
        switch (asked) {
            case GpuAccess.None _ ->
                entry(
                        ProfileKeys.GPU_ACCESS,
                        "None",
                        "no device nodes but " + String.join(", ", tier.devices()),
                        "none");
            case GpuAccess.Shared shared ->
                throw new FenceException.Refused(
                        ProfileKeys.GPU_ACCESS,
                        "resources.gpu_access is Shared with at most " + shared.maxMemory()
                                + ", and no means of the kernel limits what a job takes of a GPU's memory; use"
                                + " \"Exclusive\", or \"None\"");
            case GpuAccess.Exclusive _ -> gpu();
        }
    }

    private void gpu() {
        var found = host.gpus();
        if (found.units().isEmpty()) {
            throw new FenceException.Refused(
                    ProfileKeys.GPU_ACCESS,
                    "resources.gpu_access is Exclusive, and this host has no GPU: neither nvidia0 and so on nor"
                            + " dri/renderD128 and so on in " + found.devices() + "; install its driver, or in a"
                            + " container pass its device nodes in");
        }
        tier.gpus(found);
        gpus = Optional.of(found);
        entry(
                ProfileKeys.GPU_ACCESS,
                "Exclusive",
                "the device nodes of one GPU, lent by a file lock to one job at a time",
                "one of " + found.units());
    }

    /** Bytes a second; zero for no limit. */
    private long io(long megabytesPerSecond) {
        long bytes = DataSize.ofMegabytes(megabytesPerSecond).bytes();
        String asked = megabytesPerSecond + " MB/s";
        if (bytes == 0) {
            entry(ProfileKeys.MAX_IO_BANDWIDTH, "no limit", "nothing to enforce", "no limit");
            return bytes;
        }
        var held = "all processes are stopped while they are ahead of it";
        var means = Planning.WATCHDOG + held;
        var value = bytes + " bytes/s on average, block devices together";
        boolean group = host.limitable().contains(Controller.IO);
        if (group && !host.throttlesOnlyDirect()) {
            report(ProfileKeys.MAX_IO_BANDWIDTH, asked, Controller.IO, bytes + " bytes/s on each block device");
            return bytes;
        }
        watchedIo = bytes;
        if (group) {
            means = planning.byGroup(Controller.IO) + " for what does not go through the cache; watchdog every "
                    + Watch.SLOW_INTERVAL.toMillis() + " ms or more often: " + held;
            value = bytes + " bytes/s on each block device; " + value;
        }
        entry(ProfileKeys.MAX_IO_BANDWIDTH, asked, means, value);
        return bytes;
    }

    private void priority() {
        var asked = profile.processLimits();
        nice = asked.priority();
        if (nice < host.nice() && !host.raises()) {
            if (nice < 0) {
                throw new FenceException.Refused(
                        ProfileKeys.PRIORITY,
                        "process_limits.process_priority is " + nice
                                + ", and only a service with CAP_SYS_NICE may raise a priority above its own; use 0 or"
                                + " more");
            }
            nice = host.nice();
        }
        entry(
                ProfileKeys.PRIORITY,
                asked.priority(),
                nice == asked.priority() ? "nice" : "nice, as the service itself has it",
                Integer.toString(nice));
    }

    private SeccompFilter filter(NetworkPlan network) {
        var asked = profile.processLimits();
        var architecture = host.architecture()
                .orElseThrow(() -> new FenceException.Refused(
                        ProfileKeys.ALLOWED_SYSCALLS,
                        "there is no syscall filter for this processor; x86-64 and aarch64 are known"));
        var allowed = new HashSet<>(asked.allowedSyscalls());
        if (!allowed.isEmpty()) {
            allowed.addAll(tier.startCalls());
        }
        try {
            return filter(tier.filter(new SeccompPolicy(
                    architecture,
                    allowed,
                    profile.security().strictSyscallFiltering(),
                    profile.security().disableDebugging(),
                    asked.maxChildProcesses() == 0,
                    network.sockets())));
        } catch (UnusableSyscallList e) {
            throw new FenceException.Refused(ProfileKeys.ALLOWED_SYSCALLS, String.valueOf(e.getMessage()));
        }
    }

    private static SeccompFilter filter(SeccompPolicy policy) {
        if (FILTERS.size() >= MOST_FILTERS) {
            FILTERS.clear();
        }
        return FILTERS.computeIfAbsent(policy, SeccompFilter::of);
    }

    private void security() {
        var asked = profile.security();
        entry(
                ProfileKeys.STRICT_SYSCALL_FILTERING,
                asked.strictSyscallFiltering(),
                "seccomp",
                asked.strictSyscallFiltering() ? "strict" : "base");
        entry(
                ProfileKeys.DISABLE_DEBUGGING,
                asked.disableDebugging(),
                asked.disableDebugging() ? "seccomp: ptrace and its like refused" : "nothing to enforce",
                Boolean.toString(asked.disableDebugging()));
        entry(
                ProfileKeys.ENABLE_AUDIT_LOGGING,
                asked.enableAuditLogging(),
                "every job is in the journal, with this report",
                "true");
        if (asked.requireEncryption()) {
            throw new FenceException.Refused(
                    ProfileKeys.REQUIRE_ENCRYPTION,
                    "security.require_encryption cannot be enforced: the journal is not encrypted;"
                            + " put the data directory on an encrypted volume and leave the key out");
        }
        entry(ProfileKeys.REQUIRE_ENCRYPTION, false, "nothing to enforce", "false");
        tier.identity();
    }

    private void report(String field, Object asked, Controller controller, String value) {
        entry(field, asked, planning.byGroup(controller), value);
    }

    private void entry(String field, Object asked, String means, String value) {
        planning.entry(field, asked, means, value);
    }
}
