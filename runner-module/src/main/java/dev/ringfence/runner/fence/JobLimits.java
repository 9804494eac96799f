package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.JobCgroup;
import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.KernelLimits;
import dev.ringfence.runner.process.ProcessReadings;
import dev.ringfence.runner.process.Tree;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** The limits of one job in any tier: set before its program begins, and watched while it runs. */
final class JobLimits {
    /** For a look to see that there are too many, and for what the service and its other jobs start meanwhile. */
    private static final int ROOM = 16 * 1024;

    /** Descriptors of a process whose memory is watched: what sockets keep shows in no process. */
    static final int DESCRIPTORS = 1024;

    private final FencePlan plan;
    private final Optional<JobCgroup> group;
    private final JobMark mark;
    private final Watchdog watchdog;
    private final JobAccount account;
    /** Of the thread that starts the program. */
    private boolean inside;

    JobLimits(FencePlan plan, Belongings belongings, JobMark mark, Optional<TaskLimit> tasks) {
        this.plan = plan;
        this.group = belongings.group;
        this.mark = mark;
        this.watchdog = new Watchdog(plan.watch(), mark, belongings);
        this.account = new JobAccount(belongings, watchdog, tasks);
    }

    JobAccount account() {
        return account;
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
        return plan.watch().tasks() + ROOM + (user.isPresent() ? 0 : ProcessReadings.tasksOfThisUser());
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
}
