package dev.ringfence.runner.fence.cgroup;

/**
 * What one job's tree may use.
 *
 * @param memoryBytes resident memory, page cache of its own and its tmpfs, and swap
 * @param tasks processes and threads
 * @param cores fractions of processor time; not limited when not below the host's
 * @param ioBytesPerSecond for each block device and direction; zero for no limit
 */
public record CgroupLimits(long memoryBytes, long tasks, double cores, long ioBytesPerSecond) {}
