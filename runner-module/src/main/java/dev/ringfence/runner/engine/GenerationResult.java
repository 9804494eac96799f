package dev.ringfence.runner.engine;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a generation ended. An engine that could not answer is an {@link EngineException}. */
public sealed interface GenerationResult {
    /**
     * The model has answered.
     *
     * @param finishReason {@code stop}, {@code length}, {@code tool_calls} or {@code content_filter}, as the engine
     *     says; {@code stop} for embeddings
     * @param inputTokens the engine's own count; null where a service elsewhere does not count
     * @param cachedTokens how many of those the engine did not have to read again
     * @param outputTokens the same; 0 for embeddings
     * @param reasoningTokens how many of those the model thought with before its answer; null where that is not counted
     * @param timeToFirstToken from the request to the first piece of the answer, waiting included; null for an empty
     *     answer
     * @param tokensPerSecond while the model was answering, as the engine measured it; null when it did not
     * @param waited until the engine was up and a slot was free
     * @param elapsed from the request to the end of the answer
     */
    record Answered(
            String finishReason,
            @Nullable Long inputTokens,
            long cachedTokens,
            @Nullable Long outputTokens,
            @Nullable Long reasoningTokens,
            @Nullable Duration timeToFirstToken,
            @Nullable Double tokensPerSecond,
            Duration waited,
            Duration elapsed)
            implements GenerationResult {}

    /** The deadline passed. The connection is closed, and the engine has stopped or is about to. */
    record TimedOut(Duration limit) implements GenerationResult {}

    /** It was told to end. The connection is closed, and the engine has stopped or is about to. */
    record Cancelled() implements GenerationResult {}
}
