package dev.ringfence.runner.engine;

import dev.ringfence.catalog.EngineOptions;
import dev.ringfence.runner.telemetry.HostMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How llama.cpp's server is found and run.
 *
 * @param prefix an unpacked llama.cpp with its own loader and libraries below {@code usr}; null when there is none
 * @param executable llama-server itself; null means that it is looked for
 * @param idleTime an engine that nobody asked for so long is stopped
 * @param loadTimeout from an engine's start until it can answer
 * @param stepTimeout how long an engine may be at one step of its work, that is up to {@link EngineCommand#STEP_TOKENS}
 *     tokens; one that takes longer is stopped
 * @param slots requests that a model answers at the same time
 * @param queue requests that wait for a slot; one more is refused
 * @param threads of the engine, for computing; 0 means as many as its profile has whole processors, and the host
 * @param contextSize tokens of prompt and answer together that a request may have; the model's own limit still holds
 * @param memoryBudget bytes that the engines of all models may need together
 */
public record EngineSettings(
        @Nullable Path prefix,
        @Nullable Path executable,
        Duration idleTime,
        Duration loadTimeout,
        Duration stepTimeout,
        int slots,
        int queue,
        int threads,
        int contextSize,
        long memoryBudget) {
    public EngineSettings {
        Objects.requireNonNull(idleTime);
        Objects.requireNonNull(loadTimeout);
        Objects.requireNonNull(stepTimeout);
        positive("slots", slots);
        if (threads < 0) {
            throw new IllegalArgumentException("threads must be at least 0: " + threads);
        }
        if (memoryBudget < 1) {
            throw new IllegalArgumentException("memoryBudget must be at least 1: " + memoryBudget);
        }
        positive("contextSize", contextSize);
        if (queue < 0 || idleTime.isNegative() || !loadTimeout.isPositive() || !stepTimeout.isPositive()) {
            throw new IllegalArgumentException("a queue, an idle time, a load or a step timeout that cannot be");
        }
    }

    /**
     * Looks for the executable; four slots of 4,096 tokens, ten idle minutes, two minutes to load, one for a step, four fifths
     * of the memory that this host or this service's control group has.
     */
    public static EngineSettings defaults() {
        return new EngineSettings(
                null,
                null,
                Duration.ofMinutes(10),
                Duration.ofMinutes(2),
                Duration.ofMinutes(1),
                EngineOptions.DEFAULT_SLOTS,
                64,
                0,
                EngineOptions.DEFAULT_CONTEXT_TOKENS,
                HostMemory.bytes() / 5 * 4);
    }

    /** The same with another number of threads. */
    public EngineSettings withThreads(int computing) {
        return new EngineSettings(
                prefix,
                executable,
                idleTime,
                loadTimeout,
                stepTimeout,
                slots,
                queue,
                computing,
                contextSize,
                memoryBudget);
    }

    /** The same with another budget. */
    public EngineSettings withMemoryBudget(long bytes) {
        return new EngineSettings(
                prefix, executable, idleTime, loadTimeout, stepTimeout, slots, queue, threads, contextSize, bytes);
    }

    int slotsFor(LocalModel model) {
        return Objects.requireNonNullElse(model.slots(), slots);
    }

    int contextFor(LocalModel model) {
        return Objects.requireNonNullElse(model.contextTokens(), contextSize);
    }

    /** More threads than the profile has processors for would take turns, and be slower together. */
    int threadsFor(LocalModel model) {
        int most = Runtime.getRuntime().availableProcessors();
        return threads > 0
                ? threads
                : Math.clamp((long) model.profile().resources().maxCores(), 1, most);
    }

    /** The same with an unpacked llama.cpp. */
    public EngineSettings withPrefix(@Nullable Path unpacked) {
        return new EngineSettings(
                unpacked,
                executable,
                idleTime,
                loadTimeout,
                stepTimeout,
                slots,
                queue,
                threads,
                contextSize,
                memoryBudget);
    }

    /** The same with a given llama-server. */
    public EngineSettings withExecutable(@Nullable Path server) {
        return new EngineSettings(
                prefix, server, idleTime, loadTimeout, stepTimeout, slots, queue, threads, contextSize, memoryBudget);
    }

    /** The same with another idle time. */
    public EngineSettings withIdleTime(Duration idle) {
        return new EngineSettings(
                prefix, executable, idle, loadTimeout, stepTimeout, slots, queue, threads, contextSize, memoryBudget);
    }

    /** The same with another load timeout. */
    public EngineSettings withLoadTimeout(Duration load) {
        return new EngineSettings(
                prefix, executable, idleTime, load, stepTimeout, slots, queue, threads, contextSize, memoryBudget);
    }

    /** The same with another longest step. */
    public EngineSettings withStepTimeout(Duration step) {
        return new EngineSettings(
                prefix, executable, idleTime, loadTimeout, step, slots, queue, threads, contextSize, memoryBudget);
    }

    /** The same with other numbers of slots and of requests that wait for one. */
    public EngineSettings withSlots(int atOnce, int waiting) {
        return new EngineSettings(
                prefix,
                executable,
                idleTime,
                loadTimeout,
                stepTimeout,
                atOnce,
                waiting,
                threads,
                contextSize,
                memoryBudget);
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1: " + value);
        }
    }
}
