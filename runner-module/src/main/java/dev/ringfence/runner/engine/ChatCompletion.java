package dev.ringfence.runner.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.PromptTooLong;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The engine's chat completion as JSON: the request's body, and an answer that is put together from the chunks of its
 * stream. Not for several threads.
 */
final class ChatCompletion {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final StringBuilder text = new StringBuilder();
    private @Nullable String finishReason;
    private long inputTokens = -1;
    private long outputTokens = -1;
    private @Nullable Double tokensPerSecond;

    /**
     * Always streamed, since the engine notices only of a stream that its client has gone.
     *
     * @param slot where the engine computes it, so that one can ask later whether it still does
     */
    static byte[] body(GenerationRequest request, int slot) {
        var body = JsonNodeFactory.instance.objectNode();
        var messages = body.putArray("messages");
        for (var message : request.messages()) {
            messages.addObject()
                    .put("role", message.role().name().toLowerCase(Locale.ROOT))
                    .put("content", message.content());
        }
        body.put("stream", true);
        body.putObject("stream_options").put("include_usage", true);
        body.put("id_slot", slot);
        body.put("max_tokens", request.maxTokens());
        body.put("temperature", request.temperature());
        if (request.topP() != null) {
            body.put("top_p", request.topP());
        }
        if (request.seed() != null) {
            body.put("seed", request.seed());
        }
        if (!request.stop().isEmpty()) {
            var stop = body.putArray("stop");
            request.stop().forEach(stop::add);
        }
        try {
            return JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree that cannot be written", e);
        }
    }

    /**
     * Takes the next chunk and returns the piece of text in it, which may be empty.
     *
     * @throws EngineException when it is an error instead
     */
    String accept(String chunk) {
        var tree = parse(chunk);
        if (tree.has("error")) {
            throw refusal(tree.path("error"));
        }
        readCounts(tree);
        var choice = tree.path("choices").path(0);
        if (choice.path("finish_reason").isTextual()) {
            finishReason = choice.path("finish_reason").asText();
        }
        var piece = choice.path("delta").path("content").asText("");
        if (choice.path("delta").path("content").isNull()) {
            return "";
        }
        text.append(piece);
        return piece;
    }

    private void readCounts(JsonNode tree) {
        var usage = tree.path("usage");
        if (usage.isObject()) {
            inputTokens = usage.path("prompt_tokens").asLong(-1);
            outputTokens = usage.path("completion_tokens").asLong(-1);
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

    String text() {
        return text.toString();
    }

    String finishReason() {
        return finishReason == null ? "" : finishReason;
    }

    long inputTokens() {
        return inputTokens;
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
