package dev.ringfence.runner.process;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * What a process tree used, from its start until nothing of it was left.
 *
 * @param cpuUser time in user mode; what it covers is said by {@code cpuSource}
 * @param cpuSystem time in the kernel
 * @param cpuSource by which means these were read
 * @param peakMemoryBytes the highest resident memory seen; what it covers is said by {@code memorySource}
 * @param wall from start to the end of the last process
 * @param memorySource by which means memory was read, such as {@code cgroup v1} or {@code rusage (largest process)}
 * @param writtenBytes to block devices
 * @param writtenSource by which means that was read
 * @param mostTasks processes and threads at a time, those of the fence itself included; empty when nobody counts them
 * @param tasksSource by which means they were counted
 */
public record Usage(
        Duration cpuUser,
        Duration cpuSystem,
        String cpuSource,
        long peakMemoryBytes,
        Duration wall,
        String memorySource,
        long writtenBytes,
        String writtenSource,
        OptionalLong mostTasks,
        String tasksSource) {}
