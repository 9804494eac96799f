package dev.ringfence.runner.fence.cgroup;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.Set;

/** The control group of one job. Used by one thread at a time. */
public interface JobCgroup {
    /**
     * Moves the calling thread into the group, so that a launcher that it starts, and all that starts, is in the group from
     * its first instruction on. The launcher is not counted with the job's own tasks.
     *
     * <p>To move another process instead, as {@link #place} does, makes the kernel wait until every processor has passed a
     * point of rest: milliseconds on an idle host, which are spared here.
     *
     * @return false where that is not possible; nothing has changed then
     */
    boolean enter();

    /** Moves the calling thread back to the service's own group. */
    void leave();

    /** Puts a process, and with it all that it will start, under the limits, unless it was started inside. */
    void place(long pid);

    /** Lets no new process or thread begin in the group, where the host can limit them. */
    void seal();

    /** The processes that are in the group now; only the job's are, and it can put no other there. */
    Set<Integer> processes();

    /** The most memory that the group had at a time so far; zero when the host does not count it. */
    long peakMemoryBytes();

    /** What the group used; read it when its processes are gone and before {@link #remove()}. */
    Readings readings();

    /** Removes the group; what cannot go yet is tried again with the next one. */
    void remove();

    /**
     * What a group used.
     *
     * @param cpuUser negative when the host does not count it
     * @param cpuSystem negative when the host does not count it
     * @param memoryKills how many processes of the group the kernel killed for its memory
     * @param refusedTasks how many processes or threads were refused
     * @param mostTasks how many there were at a time; empty when the host does not count it
     * @param writtenBytes to block devices; empty when the host does not count it
     */
    record Readings(
            long peakMemoryBytes,
            Duration cpuUser,
            Duration cpuSystem,
            long memoryKills,
            long refusedTasks,
            OptionalLong mostTasks,
            OptionalLong writtenBytes) {}
}
