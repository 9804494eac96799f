package dev.ringfence.runner.fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.runner.fence.TierPlan.FileRule;
import dev.ringfence.runner.fence.cgroup.Cgroups.Controller;
import dev.ringfence.runner.fence.seccomp.Architecture;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import dev.ringfence.runner.process.Confinement;
import dev.ringfence.runner.process.FileChanges;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Plans for Landlock and seccomp alone. The program sees the host's tree of directories and can do only what a rule
 * allows; Landlock cannot take away below what it has given, so around denied paths each neighbour gets a rule.
 */
final class LandlockPlanner implements TierPlanner {
    /** Rules around denied paths; each costs a little at every start. */
    private static final int MOST_RULES = 2048;

    private static final List<String> DEVICES = List.of("null", "zero", "full", "random", "urandom");

    /** What tells of the machine and not of anybody on it. */
    private static final List<String> PROC = List.of("/proc/cpuinfo", "/proc/meminfo", "/proc/filesystems");

    /** There is no namespace to keep these of the host and of other jobs apart. */
    private static final Set<String> IPC = Set.of(
            "shmget",
            "shmat",
            "shmctl",
            "shmdt",
            "semget",
            "semop",
            "semctl",
            "semtimedop",
            "msgget",
            "msgsnd",
            "msgrcv",
            "msgctl",
            "mq_open",
            "mq_unlink",
            "mq_timedsend",
            "mq_timedreceive",
            "mq_notify",
            "mq_getsetattr");

    /**
     * What Landlock does not guard and no directory's rights keep from the owner of a file, who the job is of all that
     * the service or others with the same user have: names of new files there, and owners.
     */
    private static final Set<String> UNGUARDED =
            Set.of("inotify_init", "inotify_init1", "inotify_add_watch", "chown", "fchown", "lchown", "fchownat");

    private static final Set<String> STARTING = Set.of("clone", "fork", "vfork");

    private final Planning planning;
    private final int version;
    private final List<FileRule> rules = new ArrayList<>();
    private final Set<String> decided = new HashSet<>();
    private final Set<Path> denied = new LinkedHashSet<>();
    private boolean temporary;
    private @Nullable NetworkPlan network;
    private OptionalInt threads = OptionalInt.empty();
    private final Set<Integer> groups = new LinkedHashSet<>();
    private final List<Path> writable = new ArrayList<>();

    LandlockPlanner(Planning planning, int version) {
        this.planning = planning;
        this.version = version;
    }

    @Override
    public void system() {
        denied.addAll(planning.denied());
        planning.host().systemPaths().forEach((path, what) -> {
            if (what instanceof Host.SystemPath.Bound) {
                allow(path, FileRights.READ_AND_RUN);
            }
        });
        DEVICES.forEach(name -> allow(Path.of("/dev", name), FileRights.READ_FILE | FileRights.WRITE_FILE));
        PROC.forEach(path -> allow(Path.of(path), FileRights.READ_FILE));
    }

    @Override
    public long disk(DataSize asked) {
        temporary = planning.profile().filesystem().allowTempFiles() && asked.bytes() > 0;
        boolean written = planning.writesToHost(asked);
        var watched = new ArrayList<String>();
        if (temporary) {
            watched.add("size of the job's directory");
        }
        if (written) {
            watched.add("growth of the host's directories that it may write to");
        }
        planning.entry(
                ProfileKeys.MAX_DISK,
                asked,
                watched.isEmpty()
                        ? "Landlock: nothing can be written"
                        : "watchdog: " + String.join(" and ", watched) + ", at least every second",
                (watched.isEmpty() ? 0 : asked.bytes()) + " bytes");
        return watched.isEmpty() ? 0 : asked.bytes();
    }

    @Override
    public void filesystem() {
        var asked = planning.profile().filesystem();
        var readable = planning.readable();
        // Resolved once: whoever may write there could put a link in a path's place meanwhile.
        readable.forEach(path -> {
            admit(path);
            allowReal(path, FileRights.READ_AND_RUN, denied);
        });
        planning.entry(
                ProfileKeys.READ_PATHS,
                asked.readPaths(),
                "Landlock version " + version,
                "the system; for the job itself and by the profile: " + Planning.list(readable) + "; by " + rules.size()
                        + " rules");
        writePaths(asked, readable);
        workplace();
        planning.refuseWhatCouldBeMade(writable);
        planning.entry(
                ProfileKeys.DENIED_PATHS,
                asked.deniedPaths(),
                (asked.deniedPaths().isEmpty()
                                ? "Landlock: "
                                : "Landlock: rules for all that lies around them, their directories cannot be listed;"
                                        + " refused where a job could make one; ")
                        + "no file can be opened and no directory listed that is not given; sizes, owners and times of"
                        + " others, and what links lead to, can be asked for",
                denied.size() + " left out");
        planning.entry(
                ProfileKeys.ALLOW_TEMP_FILES,
                asked.allowTempFiles(),
                temporary ? "a directory of the job's own, as $TMPDIR and $HOME" : "Landlock: nothing can be written",
                Boolean.toString(asked.allowTempFiles()));
    }

    private void workplace() {
        for (var binding : planning.bindings()) {
            if (!binding.inside().equals(binding.host())) {
                throw new IllegalArgumentException(binding.host() + " cannot be seen at " + binding.inside()
                        + ": this tier shows the host's tree");
            }
            if (binding.writable()) {
                writable.add(binding.host());
            }
            allow(binding.host(), binding.writable() ? FileRights.WORK : FileRights.READ_AND_RUN);
            planning.entry(
                    "workplace",
                    binding.inside(),
                    binding.writable() ? "Landlock: can be written" : "Landlock: can be read",
                    binding.inside().toString());
        }
    }

    /**
     * Below what can be written, what is denied or read-only must not be moved out of the way for the next job. So like
     * around a denied path, only the neighbours of all names on the way to it get a rule: what lies in a directory
     * itself can be changed only where the directory has one.
     */
    private void writePaths(Filesystem asked, Set<Path> readable) {
        if (asked.writePaths().isEmpty()) {
            planning.entry(
                    ProfileKeys.WRITE_PATHS,
                    "none",
                    "Landlock: nothing can be written but the job's directory",
                    temporary ? "$TMPDIR" : "none");
            return;
        }
        var given = WritePaths.of(asked.writePaths(), planning.host().root());
        groups.addAll(given.groups());
        given.paths().stream().map(GivenPath::real).forEach(writable::add);
        var spared = new LinkedHashSet<>(denied);
        readable.stream()
                .filter(path -> !writable.contains(path))
                .filter(path -> writable.stream().anyMatch(path::startsWith))
                .forEach(spared::add);
        for (var path : writable) {
            if (spared.stream().anyMatch(path::startsWith) && denied.stream().noneMatch(path::startsWith)) {
                // Given for writing by itself, below what is only for reading.
                allowReal(path, FileRights.WORK, denied);
            } else {
                allowReal(path, FileRights.READ_AND_RUN, denied);
                allowReal(path, FileRights.WORK, spared);
            }
        }
        planning.entry(
                ProfileKeys.WRITE_PATHS,
                asked.writePaths(),
                spared.isEmpty()
                        ? "Landlock"
                        : "Landlock: rules for all that lies around what is denied or read-only; in the directories on"
                                + " the way to it nothing new can be made",
                Planning.list(writable)
                        + (given.groups().isEmpty() ? "" : ", by groups " + given.groups())
                        + (temporary ? ", $TMPDIR" : ""));
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

    /** The program. */
    @Override
    public int ownTasks() {
        return 1;
    }

    @Override
    public String watchedMemory() {
        return "anonymous and shared memory and page tables of all processes, sockets and pipes among "
                + JobLimits.DESCRIPTORS
                + " descriptors each beyond 16 MiB";
    }

    @Override
    public TaskLimits tasks(long tasks) {
        var limits = TaskLimits.NONE;
        var means = "";
        if (planning.profile().processLimits().maxChildProcesses() == 0) {
            threads = OptionalInt.of(planning.command().threads() + 1);
            decided.addAll(STARTING);
            means = "seccomp: each new process or thread asks the service";
        } else if (!planning.host().limitable().contains(Controller.PIDS)) {
            threads = OptionalInt.of((int) tasks);
            decided.add(SeccompPolicy.NEW_THREAD);
            limits = new TaskLimits(tasks, 0, 0);
            means = Planning.WATCHDOG + "a job that has more is ended; seccomp: each new thread asks the service;"
                    + " RLIMIT_NPROC some way above";
        }
        planning.tasks(means, tasks, ownTasks() + " the program");
        planning.time("every process that carries the job's mark");
        return limits;
    }

    @Override
    public NetworkPlan network(SandboxProfile.Network asked) {
        network = NetworkPlan.withoutNamespace(
                asked, FileRights.network(version) != 0, planning.command().serves());
        return network;
    }

    @Override
    public SeccompPolicy filter(SeccompPolicy asked) {
        var refused = new HashSet<>(IPC);
        refused.addAll(UNGUARDED);
        if (!planning.host().limitable().contains(Controller.MEMORY)) {
            refused.addAll(Planning.HIDDEN_MEMORY);
        }
        if (network != null && network.egress().isPresent()) {
            decided.add("connect");
        }
        decided.addAll(FileChanges.CALLS);
        // The start itself is a clone, so a filter cannot forbid them; the service, when asked, lets only that through.
        var policy = asked.withProcesses().refusing(refused).asking(decided);
        // Another user than theirs keeps a job from acting on others.
        return planning.host().root() ? policy : policy.keepingToItself();
    }

    @Override
    public Set<String> startCalls() {
        var known =
                planning.host().architecture().map(Architecture::syscallNames).orElse(Set.of());
        var calls = new HashSet<>(Confinement.neededCalls());
        calls.retainAll(known);
        return calls;
    }

    @Override
    public void identity() {
        boolean root = planning.host().root();
        planning.entry(
                "identity",
                planning.identity(),
                root
                        ? "setresuid by the starting thread, no_new_privs"
                        : "no_new_privs; Landlock: no signals to others, no tracing of others; seccomp: no limits,"
                                + " priorities or processors of others",
                root ? planning.user() : "the service's user, which it cannot change");
    }

    @Override
    public TierPlan plan() {
        return new TierPlan.Landlocked(
                rules,
                temporary ? FileRights.WORK & FileRights.known(version) : 0,
                FileRights.known(version),
                network != null && network.shared() ? 0 : FileRights.network(version),
                FileRights.scopes(version),
                threads,
                groups,
                writable);
    }

    /** Nothing is mounted anew here, so a job's own user has to get there through all directories above. */
    private void admit(Path path) {
        if (!planning.host().root()) {
            return;
        }
        Optional<Path> closed;
        try {
            closed = PathRules.closedAncestor(path);
        } catch (IOException e) {
            throw new FenceException.Refused(
                    ProfileKeys.READ_PATHS, "what lies above " + path + " cannot be looked at: " + e.getMessage());
        }
        if (closed.isPresent()) {
            throw new FenceException.Refused(
                    ProfileKeys.READ_PATHS,
                    path + " lies below " + closed.get()
                            + ", which users other than its owner cannot enter, and in the"
                            + " tier landlock a job has another user: chmod o+x " + closed.get()
                            + ", or put it elsewhere, or use the tier namespaces");
        }
    }

    private void allow(Path path, long rights) {
        if (Files.exists(path)) {
            allowReal(Planning.real(path), rights, denied);
        }
    }

    private void allowReal(Path path, long rights, Set<Path> spared) {
        if (spared.stream().anyMatch(path::startsWith)) {
            return;
        }
        boolean directory = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
        if (!directory || spared.stream().noneMatch(below -> below.startsWith(path))) {
            add(new FileRule(path, (directory ? rights : rights & FileRights.OF_FILES) & FileRights.known(version)));
            return;
        }
        try (var children = Files.newDirectoryStream(path)) {
            for (var child : children) {
                // What a link leads to is guarded where it is.
                if (!Files.isSymbolicLink(child)) {
                    allowReal(child, rights, spared);
                }
            }
        } catch (IOException e) {
            throw new FenceException.Refused(
                    ProfileKeys.DENIED_PATHS, path + " holds a denied path and cannot be listed: " + e.getMessage());
        }
    }

    private void add(FileRule rule) {
        if (rules.size() == MOST_RULES) {
            throw new FenceException.Refused(
                    ProfileKeys.DENIED_PATHS,
                    "more than " + MOST_RULES + " rules would be needed around the denied paths; deny a directory, or"
                            + " give fewer read paths, or use the tier namespaces");
        }
        rules.add(rule);
    }
}
