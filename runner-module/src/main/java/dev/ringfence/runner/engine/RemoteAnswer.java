package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What has come of a remote model's answer. Used by one thread. */
final class RemoteAnswer {
    private static final long MOST_TOKENS = 1_000_000_000;

    private final AnswerForm form;
    private final VectorForm vectorForm;
    private final int inputs;
    private boolean begun;
    private @Nullable String finishReason;
    private long inputTokens = -1;
    private long cachedTokens;
    private long outputTokens = -1;
    private long reasoningTokens = -1;
    private @Nullable Duration firstAt;

    /** The calls of functions so far, by the service's own number. */
    private final Map<Integer, Integer> calls = new HashMap<>();

    /** The call that was told of last, and its id. */
    private int lastCall = -1;

    private String lastId = "";

    RemoteAnswer(String who, GenerationRequest request) {
        this.form = AnswerForm.of(who, request);
        this.vectorForm = VectorForm.of(who, request);
        this.inputs = InputPieces.count(request.body().path("input"));
    }

    /** What may come. */
    AnswerForm form() {
        return form;
    }

    /**
     * The vectors of all inputs.
     *
     * @throws EngineException when they are others, or there is no room for them
     */
    Vectors vectors(JsonNode data, AnswerRoom.Share room) {
        return vectorForm.vectors(data, inputs, room);
    }

    /** The service says that it is at work: from then on the request is not sent again. */
    void begins() {
        begun = true;
    }

    /** Whether it has said so, or a listener has heard anything. */
    boolean begun() {
        return begun || firstAt != null;
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

    /**
     * Which call a piece belongs to that does not say so: one with another id begins the next.
     *
     * @param said its number; less than 0 when it has none
     * @param id empty in a piece that goes on
     */
    int callOf(int said, String id) {
        if (said >= 0) {
            lastCall = said;
        } else if (lastCall < 0 || !(id.isEmpty() || id.equals(lastId))) {
            lastCall++;
        }
        lastId = id.isEmpty() ? lastId : id;
        return lastCall;
    }

    void finished(String reason) {
        finishReason = reason;
    }

    void input(long tokens, long cached) {
        inputTokens = believed(tokens);
        cachedTokens = Math.max(0, believed(cached));
    }

    void output(long tokens) {
        outputTokens = believed(tokens);
    }

    void reasoning(long tokens) {
        reasoningTokens = believed(tokens);
    }

    /** Whether the service has said why its answer ends. */
    boolean finished() {
        return finishReason != null;
    }

    /** @throws Misbehaved when something is missing that an answer needs; not every service counts tokens */
    void check(String model) {
        if (finishReason == null) {
            throw new Misbehaved("the service of model " + model + " ended its answer without a reason");
        }
    }

    Answered answered(Duration waited, Duration elapsed) {
        return new Answered(
                finishReason == null ? "" : finishReason,
                known(inputTokens),
                cachedTokens,
                known(outputTokens),
                known(reasoningTokens),
                firstAt,
                null,
                waited,
                elapsed);
    }

    /** A service may say anything; a count that cannot be is none. */
    private static long believed(long tokens) {
        return tokens > MOST_TOKENS ? -1 : tokens;
    }

    private static @Nullable Long known(long tokens) {
        return tokens < 0 ? null : tokens;
    }
}
