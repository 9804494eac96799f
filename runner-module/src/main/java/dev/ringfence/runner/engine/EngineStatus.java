package dev.ringfence.runner.engine;

import dev.ringfence.catalog.DataSize;
import java.time.Instant;
import java.util.Objects;

/**
 * What a model's engine is doing.
 *
 * @param model the catalog's id
 * @param purpose what it is asked for: a model may have an engine for each
 * @param since when it came into this state
 * @param waiting requests that wait for it to be up or for a slot
 * @param memory what it counts for in the memory that engines may have together
 */
public record EngineStatus(
        String model, EnginePurpose purpose, State state, Instant since, int waiting, DataSize memory) {
    public EngineStatus {
        Objects.requireNonNull(model);
        Objects.requireNonNull(purpose);
        Objects.requireNonNull(state);
        Objects.requireNonNull(since);
        Objects.requireNonNull(memory);
    }

    /** Where an engine is in its life. */
    public sealed interface State {
        /** Not started; the next request starts it. */
        record Cold() implements State {}

        /** Started and reading the model, or waiting for the memory to do so. */
        record Loading() implements State {}

        /**
         * Answering.
         *
         * @param pid the process as the host sees it
         * @param slots requests that it can answer at the same time
         * @param busySlots those at work, as the engine says; as this service last knew, when the engine is too busy to
         *     say
         */
        record Ready(long pid, int slots, int busySlots) implements State {}

        /** Told to end; a request that comes now starts it anew. */
        record Stopping() implements State {}

        /** It failed; a request from {@code retryAt} on starts it anew. */
        record Failed(String reason, Instant retryAt) implements State {}
    }
}
