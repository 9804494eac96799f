package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
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
        take(RemoteCall.json(event), answer, listener);
        return false;
    }

    private static void take(JsonNode chunk, RemoteAnswer answer, GenerationListener listener) {
        requireNoError(chunk);
        readUsage(chunk, answer);
        if (chunk.path("choices").path(0) instanceof ObjectNode choice) {
            if (RemoteCall.isWord(choice.path("finish_reason"))) {
                answer.finished(finishReason(choice.path("finish_reason").textValue()));
            }
            var delta = answer.form().delta(choice);
            if (delta.hasContent()) {
                number(delta.choice().path("delta").path("tool_calls"), answer);
                listener.heard(delta);
            }
        }
    }

    /** Services have words of their own. */
    private static String finishReason(String said) {
        return switch (said) {
            case "length", "tool_calls", "content_filter" -> said;
            case "model_length", "max_tokens" -> "length";
            case "function_call" -> "tool_calls";
            case "error" -> throw new Misbehaved("the service failed in its answer: without a reason");
            default -> "stop";
        };
    }

    @Override
    public void acceptWhole(JsonNode tree, RemoteAnswer answer, AnswerRoom.Share room, GenerationListener listener) {
        if (answer.form().operation() != Operation.EMBEDDINGS) {
            takeWhole(tree, answer, listener);
            return;
        }
        requireNoError(tree);
        readUsage(tree, answer);
        var vectors = answer.vectors(tree.path("data"), room);
        answer.output(0);
        answer.finished("stop");
        listener.heard(vectors);
    }

    /** A whole answer is as its only chunk would be, but for its name; and a call's place is its number. */
    private static void takeWhole(JsonNode tree, RemoteAnswer answer, GenerationListener listener) {
        if (tree.path("choices").path(0) instanceof ObjectNode choice && choice.has("message")) {
            var message = choice.remove("message");
            choice.set("delta", message);
            int index = 0;
            for (var call : message.path("tool_calls")) {
                if (call instanceof ObjectNode numbered) {
                    numbered.put("index", index++);
                }
            }
        }
        take(tree, answer, listener);
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
            var error = tree.path("error");
            throw new Misbehaved("the service failed in its answer: "
                    + (error.isTextual() ? error : error.path("message")).asText("without a reason"));
        }
    }
}
