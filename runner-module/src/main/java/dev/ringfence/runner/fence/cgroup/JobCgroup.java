package dev.ringfence.runner.fence.cgroup;

import java.time.Duration;

/** The control group of one job. Used by one thread at a time. */
public interface JobCgroup {
    /** Puts a process, and with it all that it will start, under the limits. */
    void place(long pid);

    /** What the group used; read it when its processes are gone and before {@link #remove()}. */
    Readings readings();

    /** Removes the group; what cannot go yet is tried again with the next one. */
    void remove();

    /**
     * What a group used.
     *
     * @param cpuUser negative when the host does not count it
     * @param cpuSystem negative when the host does not count it
     * @param outOfMemory whether the kernel killed a process of the group for its memory
     * @param outOfTasks whether a process or thread was refused
     */
    record Readings(
            long peakMemoryBytes, Duration cpuUser, Duration cpuSystem, boolean outOfMemory, boolean outOfTasks) {}
}
