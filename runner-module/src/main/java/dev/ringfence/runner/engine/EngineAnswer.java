package dev.ringfence.runner.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.PromptTooLong;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The engine's side of a request as JSON: the body that is sent, and what the answer's chunks say, put together. Not for
 * several threads.
 */
final class EngineAnswer {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private @Nullable String finishReason;
    private long inputTokens = -1;
    private long cachedTokens;
    private long outputTokens = -1;
    private @Nullable Double tokensPerSecond;

    /**
     * Streamed wherever that is possible, since the engine notices only of a stream that its client has gone.
     *
     * @param slot where the engine computes it, so that one can ask later whether it still does
     */
    static byte[] body(GenerationRequest request, int slot) {
        // A copy of the top only: what is below stays as it is.
        var body = JSON.createObjectNode();
        body.setAll(request.body());
        if (request.operation() != Operation.EMBEDDINGS) {
            body.put("stream", true).put("id_slot", slot);
            body.putObject("stream_options").put("include_usage", true);
        }
        try {
            return JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree that cannot be written", e);
        }
    }

    /**
     * Takes the next chunk, and returns what a listener has to hear of it.
     *
     * @throws EngineException when it is an error instead
     */
    Optional<Delta> accept(String chunk) {
        var tree = parse(chunk);
        if (tree.has("error")) {
            throw refusal(tree.path("error"));
        }
        readCounts(tree);
        if (!(tree.path("choices").path(0) instanceof ObjectNode choice)) {
            return Optional.empty();
        }
        if (choice.path("finish_reason").isTextual()) {
            finishReason = choice.path("finish_reason").asText();
        }
        return hasContent(choice) ? Optional.of(new Delta(choice)) : Optional.empty();
    }

    /** A chunk that only names the role, or only ends the answer, has none. */
    private static boolean hasContent(ObjectNode choice) {
        var delta = choice.path("delta");
        return isText(choice.path("text"))
                || isText(delta.path("content"))
                || isText(delta.path("reasoning_content"))
                || !delta.path("tool_calls").isEmpty()
                || !choice.path("logprobs").path("content").isEmpty();
    }

    private static boolean isText(JsonNode node) {
        return node.isTextual() && !node.textValue().isEmpty();
    }

    /** Takes the whole answer to an embeddings request. */
    Vectors acceptVectors(String body) {
        var tree = parse(body);
        if (tree.has("error")) {
            throw refusal(tree.path("error"));
        }
        readCounts(tree);
        if (!(tree.path("data") instanceof ArrayNode data) || data.isEmpty() || inputTokens < 0) {
            throw new Misbehaved("the engine answered without vectors or a count");
        }
        outputTokens = 0;
        finishReason = "stop";
        return new Vectors(data);
    }

    private void readCounts(JsonNode tree) {
        var usage = tree.path("usage");
        if (usage.isObject()) {
            inputTokens = usage.path("prompt_tokens").asLong(-1);
            outputTokens = usage.path("completion_tokens").asLong(-1);
            cachedTokens =
                    usage.path("prompt_tokens_details").path("cached_tokens").asLong();
        }
        var speed = tree.path("timings").path("predicted_per_second");
        if (speed.isNumber() && Double.isFinite(speed.asDouble())) {
            tokensPerSecond = speed.asDouble();
        }
    }

    /** Whether everything has come that an answer needs. */
    boolean complete() {
        return finishReason != null && inputTokens >= 0 && outputTokens >= 0;
    }

    String finishReason() {
        return finishReason == null ? "" : finishReason;
    }

    long inputTokens() {
        return inputTokens;
    }

    long cachedTokens() {
        return cachedTokens;
    }

    long outputTokens() {
        return outputTokens;
    }

    @Nullable Double tokensPerSecond() {
        return tokensPerSecond;
    }

    /** What an answer with another status than 200 means. */
    static EngineException refusal(int status, String body) {
        try {
            var error = JSON.readTree(body).path("error");
            if (error.isObject()) {
                return refusal(error);
            }
        } catch (JsonProcessingException e) {
            // Not the engine's form of an error; its status has to say enough.
        }
        return new Misbehaved("the engine answered with status " + status + ": " + Texts.clip(body, 200));
    }

    private static EngineException refusal(JsonNode error) {
        var message = Texts.clip(error.path("message").asText("without a reason"), 1000);
        if (error.path("type").asText("").equals("exceed_context_size_error")) {
            return new PromptTooLong(
                    error.path("n_prompt_tokens").asLong(), error.path("n_ctx").asLong());
        }
        int code = error.path("code").asInt();
        return code >= 400 && code < 500
                ? new InvalidRequest("the engine refuses the request: " + message)
                : new Misbehaved("the engine failed: " + message);
    }

    /** How many slots are at work, from the body of {@code GET /slots}. */
    static int busySlots(String body) {
        int busy = 0;
        for (var slot : parse(body)) {
            busy += slot.path("is_processing").asBoolean() ? 1 : 0;
        }
        return busy;
    }

    /** Whether one slot is at work, from the body of {@code GET /slots}. */
    static boolean busySlot(String body, int id) {
        for (var slot : parse(body)) {
            if (slot.path("id").asInt(-1) == id) {
                return slot.path("is_processing").asBoolean();
            }
        }
        return false;
    }

    private static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new Misbehaved("the engine does not answer in JSON: " + Texts.clip(json, 200));
        }
    }
}
