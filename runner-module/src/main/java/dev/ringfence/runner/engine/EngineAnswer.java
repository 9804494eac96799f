package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.PromptTooLong;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The engine's side of a request as JSON: the body that is sent, and what the answer's chunks say, put together. Not for
 * several threads.
 */
final class EngineAnswer {
    private static final String WHO = "the engine";

    /** An embeddings engine says this of an input that does not fit. */
    private static final Pattern TOO_LARGE_INPUT =
            Pattern.compile("input \\((\\d{1,9}) tokens\\) is too large to process.*current batch size: (\\d{1,9})");

    /** And this of token ids that the model does not have. */
    private static final String FOREIGN_TOKENS = "Prompt contains invalid tokens";

    private final GenerationRequest request;
    private final AnswerForm form;
    private final VectorForm vectorForm;
    private final boolean templateKnowsTools;
    private final @Nullable ToolCallReader tools;
    private final boolean withoutAlternatives;
    private final ArrayNode vectors = JsonNodeFactory.instance.arrayNode();
    private @Nullable String finishReason;
    private long inputTokens = -1;
    private long cachedTokens;
    private long outputTokens = -1;
    private @Nullable Double tokensPerSecond;

    /**
     * An answer that is about to be asked for.
     *
     * @param templateKnowsTools whether the model's chat template has a place for functions and their calls
     * @throws InvalidRequest when the engine cannot do at once what is asked
     */
    EngineAnswer(GenerationRequest request, boolean templateKnowsTools) {
        GrammarGaps.requireHeld(request.body());
        this.request = request;
        this.form = AnswerForm.of(WHO, request);
        this.vectorForm = VectorForm.of(WHO, request);
        this.templateKnowsTools = templateKnowsTools;
        this.tools = ToolGrammar.appliesTo(request.body(), templateKnowsTools) ? reader(request.body()) : null;
        var alternatives = request.body().path(alternatives(request.operation()));
        this.withoutAlternatives = alternatives.isNumber() && alternatives.asInt() == 0;
    }

    private static ToolCallReader reader(ObjectNode body) {
        if (body.path("logprobs").asBoolean()) {
            throw new InvalidRequest(
                    "logprobs",
                    "logprobs cannot be had of this model together with tools: it is held to them by a grammar, so"
                            + " its tokens are not those of the answer; leave one of them out");
        }
        var stops = new ArrayList<String>();
        body.path("stop").forEach(stop -> stops.add(stop.asText()));
        return new ToolCallReader(stops, body.has("response_format"));
    }

    /**
     * The body to send for a text. Streamed, since the engine notices only of a stream that its client has gone.
     *
     * @param slot where the engine computes it, so that one can ask later whether it still does
     */
    byte[] body(int slot) {
        // A copy of the top only: what is below stays as it is.
        var body = JsonNodeFactory.instance.objectNode();
        body.setAll(request.body());
        if (request.operation() == Operation.CHAT) {
            if (tools != null) {
                ToolGrammar.apply(body, templateKnowsTools);
            } else if (ToolGrammar.concerns(request)
                    && !body.path("tool_choice").asText().equals("auto")) {
                ToolGrammar.withoutCalls(body, templateKnowsTools);
            }
        }
        if (withoutAlternatives) {
            // The engine takes 0 for no probabilities at all.
            body.put(alternatives(request.operation()), 1);
        }
        body.put("stream", true).put("id_slot", slot);
        body.putObject("stream_options").put("include_usage", true);
        return JsonText.bytes(body);
    }

    /** The body to send for some of the inputs of an embeddings request, whose vectors cannot be streamed. */
    byte[] body(List<JsonNode> inputs) {
        var body = JsonNodeFactory.instance.objectNode();
        body.setAll(request.body());
        body.putArray("input").addAll(inputs);
        return JsonText.bytes(body);
    }

    private static String alternatives(Operation operation) {
        return operation == Operation.CHAT ? "top_logprobs" : "logprobs";
    }

    /**
     * Takes the next chunk, and returns what a listener has to hear of it.
     *
     * @throws EngineException when it is an error instead
     */
    List<Delta> accept(String chunk) {
        var tree = JsonText.parse(WHO, chunk);
        if (tree.hasNonNull("error")) {
            throw refusal(tree.path("error"));
        }
        readCounts(tree);
        if (!(tree.path("choices").path(0) instanceof ObjectNode choice)) {
            return List.of();
        }
        if (choice.path("finish_reason").isTextual()) {
            finishReason = choice.path("finish_reason").asText();
        }
        var delta = form.delta(choice);
        if (!delta.hasContent()) {
            return tools == null || finishReason == null ? List.of() : tools.rest();
        }
        if (withoutAlternatives) {
            for (var token : delta.choice().path("logprobs").path("content")) {
                ((ObjectNode) token).putArray("top_logprobs");
            }
        }
        if (tools == null) {
            return List.of(delta);
        }
        var deltas = new ArrayList<>(tools.accept(delta.text()));
        if (finishReason != null) {
            deltas.addAll(tools.rest());
        }
        return deltas;
    }

    /**
     * Takes the vectors of so many inputs, which follow those that have come.
     *
     * @throws EngineException when it is an error instead, or when there is no room for them
     */
    void acceptVectors(JsonNode tree, int inputs, AnswerRoom.Share room) {
        if (tree.hasNonNull("error")) {
            throw refusal(tree.path("error"));
        }
        long before = Math.max(0, inputTokens);
        inputTokens = -1;
        readCounts(tree);
        if (inputTokens < 0) {
            throw new Misbehaved("the engine answered without a count");
        }
        inputTokens += before;
        outputTokens = 0;
        finishReason = "stop";
        var piece = vectorForm.vectors(tree.path("data"), inputs, room).data();
        int first = vectors.size();
        for (var vector : piece) {
            vectors.add(((ObjectNode) vector)
                    .put("index", first + vector.path("index").asInt()));
        }
    }

    /** All that have come. */
    Vectors vectors() {
        return new Vectors(vectors);
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
        if (finishReason == null) {
            return "";
        }
        if (tools != null && tools.stopped()) {
            return "stop";
        }
        // Also when only white space after the last call was cut off.
        return tools != null && tools.callsAreWhole() ? "tool_calls" : finishReason;
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
    EngineException refusal(int status, String body) {
        var error = JsonText.error(body);
        if (error.isObject()) {
            return refusal(error);
        }
        // Not the engine's form of an error; its status has to say enough.
        return new Misbehaved("the engine answered with status " + status + ": " + Texts.clip(body, 200));
    }

    private EngineException refusal(JsonNode error) {
        var message = Texts.clip(error.path("message").asText("without a reason"), 1000);
        if (error.path("type").asText("").equals("exceed_context_size_error")) {
            return new PromptTooLong(
                    error.path("n_prompt_tokens").asLong(), error.path("n_ctx").asLong());
        }
        var tooLarge = TOO_LARGE_INPUT.matcher(message);
        if (tooLarge.find()) {
            return new PromptTooLong(Long.parseLong(tooLarge.group(1)), Long.parseLong(tooLarge.group(2)));
        }
        if (message.equals(FOREIGN_TOKENS)) {
            return new InvalidRequest(
                    request.operation().prompt(),
                    "the prompt has tokens that the model does not know: token ids must be of this model's own"
                            + " tokenizer; send texts");
        }
        int code = error.path("code").asInt();
        return code >= 400 && code < 500
                ? new InvalidRequest("the engine refuses the request: " + message)
                : new Misbehaved("the engine failed: " + message);
    }

    /** Whether a chat template has a place for functions and their calls, from the body of {@code GET /props}. */
    static boolean templateKnowsTools(String body) {
        var abilities = JsonText.parse(WHO, body).path("chat_template_caps");
        return abilities.path("supports_tools").asBoolean()
                && abilities.path("supports_tool_calls").asBoolean();
    }

    /** How many slots are at work, from the body of {@code GET /slots}. */
    static int busySlots(String body) {
        int busy = 0;
        for (var slot : JsonText.parse(WHO, body)) {
            busy += slot.path("is_processing").asBoolean() ? 1 : 0;
        }
        return busy;
    }

    /** Whether one slot is at work, from the body of {@code GET /slots}. */
    static boolean busySlot(String body, int id) {
        for (var slot : JsonText.parse(WHO, body)) {
            if (slot.path("id").asInt(-1) == id) {
                return slot.path("is_processing").asBoolean();
            }
        }
        return false;
    }

    /** Reads a body to its end. */
    static JsonNode parse(InputStream body) throws IOException {
        return JsonText.parse(WHO, body);
    }
}
