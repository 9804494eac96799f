package dev.ringfence.runner.engine;

import dev.ringfence.runner.fence.FenceReport;

/**
 * The part of a job's result that tells of the engine which answered it; that may answer requests of other jobs as well.
 *
 * @param peakMemoryBytes the most that the engine has had since it was started, its mapped model included; zero when
 *     nobody counts
 * @param fence in which it runs
 */
public record EngineUse(long peakMemoryBytes, FenceReport fence) {}
