package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.net.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's API: requests have its form already.
 *
 * @param openAis whether the service is OpenAI's own, or a proxy of it, and none that is like it
 */
record OpenAiDialect(String remoteModel, boolean openAis) implements RemoteCall.Dialect {
    @Override
    public String path(Operation operation) {
        return operation.path();
    }

    @Override
    public ObjectNode body(GenerationRequest request) {
        var body = JsonNodeFactory.instance.objectNode();
        body.setAll(request.body());
        body.put("model", remoteModel);
        if (openAis && request.operation() == Operation.CHAT && body.has("max_tokens")) {
            // Its newer models refuse the older name, which is all that others know.
            body.set("max_completion_tokens", body.remove("max_tokens"));
        }
        if (streams(request.operation())) {
            body.put("stream", true);
            body.putObject("stream_options").put("include_usage", true);
        }
        return body;
    }

    @Override
    public boolean streams(Operation operation) {
        return operation != Operation.EMBEDDINGS;
    }

    @Override
    public void authorize(HttpRequest.Builder request, @Nullable String key) {
        if (key != null) {
            request.header("Authorization", "Bearer " + key);
        }
    }

    @Override
    public boolean accept(SseReader.Event event, RemoteAnswer answer, GenerationListener listener) {
        if (event.data().equals("[DONE]")) {
            return true;
        }
        var chunk = JsonText.parse(RemoteCall.WHO, event.data());
        requireNoError(chunk);
        readUsage(chunk, answer);
        if (chunk.path("choices").path(0) instanceof ObjectNode choice) {
            if (choice.path("finish_reason").isTextual()) {
                answer.finished(choice.path("finish_reason").textValue());
            }
            var delta = new Delta(choice);
            if (delta.hasContent()) {
                number(choice.path("delta").path("tool_calls"), answer);
                listener.heard(delta);
            }
        }
        return false;
    }

    @Override
    public void acceptWhole(JsonNode tree, RemoteAnswer answer, GenerationListener listener) {
        requireNoError(tree);
        readUsage(tree, answer);
        if (!(tree.path("data") instanceof ArrayNode data) || data.isEmpty()) {
            throw new Misbehaved("the service answered without vectors");
        }
        answer.output(0);
        answer.finished("stop");
        listener.heard(new Vectors(data));
    }

    private static void readUsage(JsonNode tree, RemoteAnswer answer) {
        var usage = tree.path("usage");
        if (usage.isObject()) {
            answer.input(
                    usage.path("prompt_tokens").asLong(-1),
                    usage.path("prompt_tokens_details").path("cached_tokens").asLong());
            answer.output(usage.path("completion_tokens").asLong(-1));
            answer.reasoning(usage.path("completion_tokens_details")
                    .path("reasoning_tokens")
                    .asLong(-1));
        }
    }

    /** Some services leave out which call a piece is of. */
    private static void number(JsonNode pieces, RemoteAnswer answer) {
        for (var piece : pieces) {
            if (piece instanceof ObjectNode call) {
                int said = call.path("index").isIntegralNumber()
                        ? call.path("index").asInt()
                        : -1;
                call.put("index", answer.callOf(said, call.path("id").asText("")));
            }
        }
    }

    private static void requireNoError(JsonNode tree) {
        if (tree.hasNonNull("error")) {
            throw new Misbehaved("the service failed in its answer: "
                    + Texts.clip(tree.path("error").path("message").asText("without a reason"), 500));
        }
    }
}
