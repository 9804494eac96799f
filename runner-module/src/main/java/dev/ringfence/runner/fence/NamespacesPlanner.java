package dev.ringfence.runner.fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.TierPlan.Mount;
import dev.ringfence.runner.fence.cgroup.Cgroups.Controller;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Plans for namespaces by bubblewrap: what the program can reach is what is mounted. */
final class NamespacesPlanner implements TierPlanner {
    /**
     * What giving up root takes, inside the fence and before the program, and what bubblewrap's first process then says
     * how it ended with; without privileges they give nothing.
     */
    private static final Set<String> SETPRIV_SYSCALLS = Set.of("""
            setresuid setresgid setgroups getresuid getresgid gettid capget capset prctl futex rt_sigprocmask
            write""".strip().split("\\s+"));

    /** System V's objects, which keep memory that shows in no process, like {@link Planning#HIDDEN_MEMORY}. */
    private static final Set<String> HIDDEN_OBJECTS = Set.of("shmget", "semget", "msgget");

    /** What bubblewrap's own /dev has; the terminals are of an instance of their own. */
    private static final List<String> DEVICES =
            List.of("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts");

    private final Planning planning;
    private final List<Mount> mounts = new ArrayList<>();
    private final Set<Integer> groups = new LinkedHashSet<>();
    private final List<Path> writable = new ArrayList<>();
    private long temporaryBytes;

    NamespacesPlanner(Planning planning) {
        this.planning = planning;
    }

    @Override
    public void system() {
        planning.host().systemPaths().forEach((path, what) -> {
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
        planning.host().masked().forEach(path -> mounts.add(new Mount.Masked(path, Files.isDirectory(path))));
        mounts.add(new Mount.Devices());
    }

    @Override
    public long disk(DataSize asked) {
        boolean temporary = planning.profile().filesystem().allowTempFiles() && asked.bytes() > 0;
        temporaryBytes = temporary ? asked.bytes() : 0;
        boolean writable = planning.writesToHost(asked);
        mounts.add(
                temporary ? new Mount.Temporary(Path.of("/tmp"), asked.bytes()) : new Mount.Directory(Path.of("/tmp")));
        var means = temporary ? "size of the tmpfs on /tmp" : writable ? "" : "nothing can be written";
        if (writable) {
            means += (temporary ? "; " : "")
                    + "watchdog, at least every second: growth of the host's directories that it may write to"
                    + (temporary ? " and the tmpfs together" : "");
        }
        planning.entry(ProfileKeys.MAX_DISK, asked, means, (temporary || writable ? asked.bytes() : 0) + " bytes");
        return writable ? asked.bytes() : 0;
    }

    @Override
    public void filesystem() {
        var asked = planning.profile().filesystem();
        var paths = PathPlan.of(
                asked, planning.command().readOnly(), planning.host().root(), this::underSystem);
        mounts.addAll(paths.mounts());
        planning.entries().addAll(paths.entries());
        groups.addAll(paths.groups());
        writable.addAll(paths.writable());
        planning.entry(
                ProfileKeys.ALLOW_TEMP_FILES,
                asked.allowTempFiles(),
                asked.allowTempFiles() ? "tmpfs on /tmp" : "/tmp is read-only",
                Boolean.toString(asked.allowTempFiles()));
        workplace();
        planning.refuseWhatCouldBeMade(writable);
        mounts.add(new Mount.Sealed(Path.of("/dev")));
        mounts.add(new Mount.Sealed(Path.of("/")));
    }

    private void workplace() {
        for (var binding : planning.bindings()) {
            mounts.addAll(above(binding.inside()));
            mounts.add(new Mount.Given(binding.inside(), binding.host(), binding.writable()));
            if (binding.writable()) {
                writable.add(binding.host());
            }
            planning.entry(
                    "workplace",
                    binding.inside(),
                    binding.writable() ? "mounted to be written" : "mounted read-only",
                    binding.inside().toString());
        }
    }

    @Override
    public List<String> devices() {
        return DEVICES;
    }

    @Override
    public void gpus(Gpus.Found found) {
        if (planning.host().root()) {
            groups.addAll(Gpus.groups(found.all()));
        }
    }

    /** Bubblewrap's first process, and the program. */
    @Override
    public int ownTasks() {
        return 2;
    }

    @Override
    public String watchedMemory() {
        return "anonymous and shared memory and page tables of all processes, sockets and pipes among "
                + JobLimits.DESCRIPTORS
                + " descriptors each beyond 16 MiB, and temporary files, those that are mapped twice";
    }

    @Override
    public TaskLimits tasks(long tasks) {
        boolean root = planning.host().root();
        boolean group = planning.host().limitable().contains(Controller.PIDS);
        // The kernel would count other jobs of a workspace's user with it.
        boolean ownUser = !root || planning.command().workplace().user().isEmpty();
        boolean alone = planning.profile().processLimits().maxChildProcesses() == 0;
        // Bubblewrap's outer process is seen, and is none of the job's.
        long seen = tasks + 1;
        var limits = TaskLimits.NONE;
        var means = "";
        if (!group && ownUser) {
            // As root, bubblewrap's first process is not of the job's user. One more is let through, so that it shows.
            limits = new TaskLimits(0, alone ? 0 : seen, (root ? tasks - 1 : tasks) + 1);
            means = "RLIMIT_NPROC of the job's own user, at one more, by which the watchdog sees that it was reached";
        } else if (!group) {
            limits = new TaskLimits(seen, 0, 0);
            means = Planning.WATCHDOG + "a job that has more is ended; RLIMIT_NPROC some way above";
        }
        if (alone) {
            means = "seccomp: fork, vfork and clone of processes refused" + (means.isEmpty() ? "" : "; ") + means;
        }
        planning.tasks(means, tasks, ownTasks() + " the fence's and the program");
        planning.time("the namespace's first process");
        return limits;
    }

    @Override
    public NetworkPlan network(SandboxProfile.Network asked) {
        return NetworkPlan.inNamespace(asked);
    }

    @Override
    public SeccompPolicy filter(SeccompPolicy asked) {
        if (planning.host().limitable().contains(Controller.MEMORY)) {
            return asked;
        }
        var refused = new HashSet<>(Planning.HIDDEN_MEMORY);
        refused.addAll(HIDDEN_OBJECTS);
        return asked.refusing(refused);
    }

    @Override
    public Set<String> startCalls() {
        // By write bubblewrap says how the program ended, also without root.
        return planning.host().root() ? SETPRIV_SYSCALLS : Set.of("write");
    }

    @Override
    public void identity() {
        boolean root = planning.host().root();
        planning.entry(
                "identity",
                planning.identity(),
                root ? "setpriv, no_new_privs" : "user namespace, no_new_privs",
                root ? planning.user() : "65534 inside, the service's outside");
    }

    @Override
    public TierPlan plan() {
        return new TierPlan.Namespaces(mounts, groups, writable, temporaryBytes);
    }

    private void readOnly(Path path) {
        mounts.addAll(above(path));
        mounts.add(new Mount.ReadOnly(path));
    }

    private List<Mount> above(Path path) {
        return PathPlan.above(path, this::underSystem);
    }

    private boolean underSystem(Path path) {
        return path.startsWith("/proc")
                || planning.host().systemPaths().entrySet().stream()
                        .anyMatch(entry ->
                                entry.getValue() instanceof Host.SystemPath.Bound && path.startsWith(entry.getKey()));
    }
}
