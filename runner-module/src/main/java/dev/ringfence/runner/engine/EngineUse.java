package dev.ringfence.runner.engine;

import dev.ringfence.runner.fence.FenceReport;

/**
 * An engine that answers requests of several jobs, as far as it concerns one of them.
 *
 * @param peakMemoryBytes the most that the engine has had since it was started, its mapped model included; zero when
 *     nobody counts
 * @param fence in which it runs
 */
public record EngineUse(long peakMemoryBytes, FenceReport fence) {}
