package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.JobCgroup;
import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.KernelLimits;
import dev.ringfence.runner.process.Tree;
import dev.ringfence.runner.process.Usage;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The limits of one job in any tier: set before its program begins, watched while it runs, read when it has ended. */
final class JobLimits {
    /** For a look to see that there are too many, and for what the service and its other jobs start meanwhile. */
    private static final int ROOM = 16 * 1024;

    private static final String DISK = "resources.max_disk_mb";

    /** Descriptors of a process whose memory is watched: what sockets keep shows in no process. */
    static final int DESCRIPTORS = 1024;

    private final FencePlan plan;
    private final Optional<JobCgroup> group;
    private final Belongings belongings;
    private final JobMark mark;
    private final Optional<TaskLimit> tasks;
    private final Watchdog watchdog;
    private JobCgroup.@Nullable Readings readings;
    /** Of the thread that starts the program. */
    private boolean inside;

    JobLimits(FencePlan plan, Belongings belongings, JobMark mark, Optional<TaskLimit> tasks) {
        this.plan = plan;
        this.group = belongings.group;
        this.belongings = belongings;
        this.mark = mark;
        this.tasks = tasks;
        this.watchdog = new Watchdog(plan.watch(), mark, belongings);
    }

    /**
     * Makes the child known as the job's, before it can start anything.
     *
     * @param user whose it is, if that is not the service's
     */
    void mark(Tree tree, OptionalInt user) {
        tree.mark(mark, user);
    }

    /** Where it can be, the launcher that the calling thread starts next is under the control group's limits at once. */
    void enter() {
        inside = group.map(JobCgroup::enter).orElse(false);
    }

    /** It was started. */
    void leave() {
        if (inside) {
            group.ifPresent(JobCgroup::leave);
        }
    }

    /** Puts a process that does not run yet under the limits, and with it all that it will start. */
    void apply(Tree tree, int pid, OptionalInt user) {
        group.ifPresent(found -> found.place(pid));
        tree.limit(
                pid,
                user,
                new KernelLimits(
                        plan.maxFileBytes(),
                        2 * plan.watch().memoryBytes(),
                        plan.watch().memoryBytes() > 0 ? DESCRIPTORS : 0,
                        userTasks(user),
                        plan.nice()));
    }

    /**
     * What stands behind a watched number of tasks, so that a job cannot outgrow the watchdog. The service's user also
     * has the service and other jobs.
     */
    private long userTasks(OptionalInt user) {
        if (plan.watch().tasks() == 0) {
            return plan.userTasks();
        }
        return plan.watch().tasks() + ROOM + (user.isPresent() ? 0 : Census.tasksOfThisUser());
    }

    /** So far, as the control group counts; zero without one. From any thread, also when the group has gone meanwhile. */
    long peakMemoryBytes() {
        try {
            return group.map(JobCgroup::peakMemoryBytes).orElse(0L);
        } catch (UncheckedIOException e) {
            return 0;
        }
    }

    boolean owns(int pid) {
        return Census.isMember(pid, mark);
    }

    Duration interval() {
        return plan.watch().interval();
    }

    void look(Tree tree, Runnable end) {
        watchdog.look(tree, end);
    }

    /**
     * Sends a signal to all processes of the job but some.
     *
     * @param spared the numbers of processes that cannot be a stranger's meanwhile
     */
    void signal(Tree tree, int signal, Set<Integer> spared) {
        if (spared.isEmpty() && tree.atOneStroke()) {
            tree.signalMarked(signal);
        } else if (group.isPresent()) {
            tree.signalListed(group.get()::processes, signal, spared);
        } else {
            tree.signalMarked(signal, spared);
        }
    }

    /** A job that is held goes on, so that it hears a polite signal. */
    void letGo(Tree tree) {
        watchdog.letGo(tree);
    }

    /** Nothing new begins any more. */
    void seal() {
        group.ifPresent(JobCgroup::seal);
    }

    Usage ended(Usage counted) {
        watchdog.lookBack();
        readings = group.map(JobCgroup::readings).orElse(null);
        var seen = Optional.ofNullable(readings);
        // What the kernel counted without a group is the service's own memory, which a child shares until its program
        // begins: that says nothing of the job.
        long memory = 0;
        var memorySource = "over before it was looked at";
        if (seen.isPresent() && seen.get().peakMemoryBytes() > 0) {
            memory = seen.get().peakMemoryBytes();
            memorySource = "control group";
        } else if (watchdog.peakMemory() > 0) {
            memory = watchdog.peakMemory();
            memorySource = "watchdog (sum of processes)";
        }
        // The kernel tells of no child that nobody waited for.
        long counter = counted.cpuUser().plus(counted.cpuSystem()).toNanos();
        var unwaited = Duration.ofNanos(Math.max(0, watchdog.cpuNanos() - counter));
        // The group counts what has come to the disk by now; a process, what it gave the kernel to write.
        long writtenBack = seen.map(JobCgroup.Readings::writtenBytes)
                .orElse(OptionalLong.empty())
                .orElse(0);
        boolean more = writtenBack > counted.writtenBytes();
        var tasks = seen.map(JobCgroup.Readings::mostTasks).orElse(OptionalLong.empty());
        var tasksSource = tasks.isPresent() ? "control group" : counted.tasksSource();
        if (tasks.isEmpty() && watchdog.mostTasks() > 0) {
            tasks = OptionalLong.of(watchdog.mostTasks());
            tasksSource = "watchdog (most that it saw)";
        }
        var accounted = seen.filter(
                found -> !found.cpuUser().isNegative() && !found.cpuSystem().isNegative());
        return new Usage(
                accounted
                        .map(JobCgroup.Readings::cpuUser)
                        .orElse(counted.cpuUser().plus(unwaited)),
                accounted.map(JobCgroup.Readings::cpuSystem).orElse(counted.cpuSystem()),
                accounted.isPresent()
                        ? "control group"
                        : unwaited.isZero() ? counted.cpuSource() : "watchdog (at least)",
                memory,
                counted.wall(),
                memorySource,
                more ? writtenBack : counted.writtenBytes(),
                more ? "control group" : counted.writtenSource(),
                tasks,
                tasksSource);
    }

    /** What the control group counted, once the tree is gone. */
    Optional<JobCgroup.Readings> readings() {
        return Optional.ofNullable(readings);
    }

    /** Whether the kernel or the watchdog ended it, or some of it, for its memory or its files. */
    boolean ended() {
        return !watchdog.hits().isEmpty()
                || readings().map(found -> found.memoryKills() > 0).orElse(false);
    }

    /** Whether a file reached the largest size where the service counts what the job adds. */
    boolean reachedLargestFile() {
        return belongings.disk.filter(DiskUse::reachedLargest).isPresent();
    }

    /** What was hit of the limits that the service itself keeps. */
    List<LimitHit> hits() {
        var hits = new ArrayList<>(watchdog.hits());
        boolean full = watchdog.temporaryWasFull()
                || belongings.disk.filter(DiskUse::temporaryWasFull).isPresent();
        if (full && hits.stream().noneMatch(hit -> hit.field().equals(DISK))) {
            hits.add(new LimitHit(
                    DISK,
                    plan.tier().temporaryBytes() + " bytes",
                    "temporary files took all of the room for them when they were looked at"));
        }
        tasks.filter(limit -> limit.refused() > 0)
                .ifPresent(limit -> hits.add(new LimitHit(
                        "process_limits.max_child_processes",
                        plan.limits().tasks() + " tasks",
                        limit.refused() + " refused beyond them")));
        watchdog.tasksBeyond()
                .ifPresent(seen -> hits.add(new LimitHit(
                        "process_limits.max_child_processes",
                        plan.limits().tasks() + " tasks",
                        "one more was there, and RLIMIT_NPROC lets no other begin")));
        return hits;
    }
}
