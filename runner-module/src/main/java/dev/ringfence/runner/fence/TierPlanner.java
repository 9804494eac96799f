package dev.ringfence.runner.fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import java.util.List;
import java.util.Set;

/**
 * What differs between the tiers when a fence is planned. Called once each, in this order; each writes its lines of the
 * report or refuses.
 */
sealed interface TierPlanner permits NamespacesPlanner, LandlockPlanner {
    /** The system's own files, as every program needs them. */
    void system();

    /**
     * The writable temporary files.
     *
     * @return how many bytes of them have to be watched; zero when the tier's own means limits them
     */
    long disk(DataSize asked);

    /** What can be read, written and must not be. */
    void filesystem();

    /** The device nodes that every program has, by their names below {@code /dev}. */
    List<String> devices();

    /** The program gets the device nodes of a GPU, which one is known when it is lent. */
    void gpus(Gpus.Found found);

    /** Tasks of the fence itself and the program's first. */
    int ownTasks();

    /** What a watchdog counts as memory, where no control group does. */
    String watchedMemory();

    /**
     * The program's processes and threads, and how its time ends.
     *
     * @param tasks that there may be, with {@link #ownTasks}
     */
    TaskLimits tasks(long tasks);

    /**
     * What limits tasks where no control group does; zeros where one does, or the tier itself.
     *
     * @param watched beyond which the job is ended
     * @param counted beyond which the kernel lets the job have one more, by which it shows
     * @param ofUser what the kernel lets the job's own user have
     */
    record TaskLimits(long watched, long counted, long ofUser) {
        static final TaskLimits NONE = new TaskLimits(0, 0, 0);
    }

    /** What network the program has, by the tier's own means. */
    NetworkPlan network(SandboxProfile.Network asked);

    /** Adapts the filter to how the tier starts the program. */
    SeccompPolicy filter(SeccompPolicy asked);

    /** What a list of allowed calls is widened by, for the program to be started at all. */
    Set<String> startCalls();

    /** The line on who the program runs as. */
    void identity();

    TierPlan plan();
}
