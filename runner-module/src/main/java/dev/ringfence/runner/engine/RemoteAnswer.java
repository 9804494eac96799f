package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What has come of a remote model's answer. Used by one thread. */
final class RemoteAnswer {
    private @Nullable String finishReason;
    private long inputTokens = -1;
    private long cachedTokens;
    private long outputTokens = -1;
    private @Nullable Duration firstAt;

    /** The calls of functions so far, by the service's own number. */
    private final Map<Integer, Integer> calls = new HashMap<>();

    /** Whether a listener has heard anything: from then on the request cannot be sent again. */
    boolean begun() {
        return firstAt != null;
    }

    void firstAt(Duration since) {
        if (firstAt == null) {
            firstAt = since;
        }
    }

    /** Counts a call of a function that begins, from 0. */
    int beginCall(int number) {
        int index = calls.size();
        calls.put(number, index);
        return index;
    }

    /** The count of a call that has begun; empty when there is none with this number. */
    OptionalInt call(int number) {
        var index = calls.get(number);
        return index == null ? OptionalInt.empty() : OptionalInt.of(index);
    }

    void finished(String reason) {
        finishReason = reason;
    }

    void input(long tokens, long cached) {
        inputTokens = tokens;
        cachedTokens = cached;
    }

    void output(long tokens) {
        outputTokens = tokens;
    }

    /** @throws Misbehaved when something is missing that an answer needs */
    void check(String model) {
        if (finishReason == null || inputTokens < 0 || outputTokens < 0) {
            throw new Misbehaved("the service of model %s ended its answer without %s"
                    .formatted(model, finishReason == null ? "a reason" : "a count of tokens"));
        }
    }

    Answered answered(Duration waited, Duration elapsed) {
        return new Answered(
                finishReason == null ? "" : finishReason,
                inputTokens,
                cachedTokens,
                outputTokens,
                firstAt,
                null,
                waited,
                elapsed);
    }
}
