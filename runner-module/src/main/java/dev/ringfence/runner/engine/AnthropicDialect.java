package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.RemoteUnavailable;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.net.http.HttpRequest;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Anthropic's messages API (2023-06-01): chats in OpenAI's form are brought into its own, and its events back. What it has
 * no word for is refused by name and not dropped.
 */
record AnthropicDialect(String remoteModel) implements RemoteCall.Dialect {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String VERSION = "2023-06-01";
    private static final int DEFAULT_MAX_TOKENS = 4096;
    private static final int MOST_TEMPERATURE = 1;

    /** Errors that are no fault of the request's, and over some time. */
    private static final Set<String> PASSING = Set.of("overloaded_error", "rate_limit_error", "api_error");

    /** What is brought over. */
    private static final Set<String> KNOWN = Set.of(
            "messages",
            "max_tokens",
            "max_completion_tokens",
            "temperature",
            "top_p",
            "stop",
            "tools",
            "tool_choice",
            "parallel_tool_calls");

    @Override
    public String path(Operation operation) {
        return "/messages";
    }

    @Override
    public boolean streams(Operation operation) {
        return true;
    }

    @Override
    public void authorize(HttpRequest.Builder request, @Nullable String key) {
        request.header("anthropic-version", VERSION);
        if (key != null) {
            request.header("x-api-key", key);
        }
    }

    @Override
    public ObjectNode body(GenerationRequest request) {
        if (request.operation() != Operation.CHAT) {
            throw new InvalidRequest("models of Anthropic take chats only, no "
                    + request.operation().name().toLowerCase(Locale.ROOT));
        }
        var asked = PassedOver.withoutServices(request).body();
        asked.fieldNames().forEachRemaining(name -> {
            if (!KNOWN.contains(name) && !asked.path(name).isNull()) {
                throw new InvalidRequest(name, name + " is not possible with models of Anthropic");
            }
        });
        var body = NODES.objectNode().put("model", remoteModel).put("stream", true);
        var most = asked.has("max_completion_tokens") ? asked.path("max_completion_tokens") : asked.path("max_tokens");
        body.put("max_tokens", most.asInt(DEFAULT_MAX_TOKENS));
        AnthropicMessages.put(asked.path("messages"), body);
        if (asked.path("temperature").isNumber()) {
            if (asked.path("temperature").doubleValue() > MOST_TEMPERATURE) {
                throw new InvalidRequest(
                        "temperature",
                        "temperature is " + asked.path("temperature") + ", and models of Anthropic take 0 to "
                                + MOST_TEMPERATURE);
            }
            body.set("temperature", asked.path("temperature"));
        }
        if (asked.path("top_p").isNumber()) {
            body.set("top_p", asked.path("top_p"));
        }
        if (asked.path("stop").isTextual()) {
            body.putArray("stop_sequences").add(asked.path("stop"));
        } else if (asked.path("stop").isArray()) {
            body.set("stop_sequences", asked.path("stop"));
        }
        AnthropicMessages.putTools(asked, body);
        return body;
    }

    @Override
    public boolean accept(SseReader.Event event, RemoteAnswer answer, GenerationListener listener) {
        var data = RemoteCall.json(event);
        switch (data.path("type").asText()) {
            case "message_start" -> {
                answer.begins();
                readInput(data.path("message").path("usage"), answer);
            }
            case "content_block_start" -> blockStart(data, answer, listener);
            case "content_block_delta" -> blockDelta(data, answer, listener);
            case "message_delta" -> {
                answer.output(data.path("usage").path("output_tokens").asLong(-1));
                readEnd(data.path("delta").path("stop_reason"), answer);
            }
            case "message_stop" -> {
                return true;
            }
            case "error" -> throw failure(data.path("error"));
            default -> {
                // Signs of life, and what the service may add: its documentation asks to pass over them.
            }
        }
        return false;
    }

    private static void readInput(JsonNode usage, RemoteAnswer answer) {
        long cached = tokens(usage, "cache_read_input_tokens", 0);
        long uncached = tokens(usage, "input_tokens", -1);
        // Without the one that is always there, what the others add to is not known.
        long all = uncached < 0 ? -1 : uncached + cached + tokens(usage, "cache_creation_input_tokens", 0);
        answer.input(all, cached);
    }

    /** No more than can be added up; such a number is none that {@link RemoteAnswer} believes. */
    private static long tokens(JsonNode usage, String name, long missing) {
        return Math.clamp(usage.path(name).asLong(missing), missing, Long.MAX_VALUE / 4);
    }

    /** The same overload is a status of its own when it is noticed earlier. */
    private static EngineException failure(JsonNode error) {
        var message = error.path("message").asText("without a reason");
        return PASSING.contains(error.path("type").asText())
                ? new RemoteUnavailable("the service cannot answer now: " + message)
                : new Misbehaved("the service failed in its answer: " + message);
    }

    private static void blockStart(JsonNode data, RemoteAnswer answer, GenerationListener listener) {
        var block = data.path("content_block");
        if (block.path("type").asText().equals("tool_use")) {
            // Its blocks have one count, and texts and thoughts are blocks too.
            tell(begun(block, data.path("index").asInt(), answer), listener);
        }
    }

    private static ObjectNode begun(JsonNode block, int number, RemoteAnswer answer) {
        var call = call(answer.beginCall(number))
                .put("id", block.path("id").asText())
                .put("type", "function");
        call.putObject("function").put("name", block.path("name").asText()).put("arguments", "");
        return call;
    }

    private static void blockDelta(JsonNode data, RemoteAnswer answer, GenerationListener listener) {
        var delta = data.path("delta");
        switch (delta.path("type").asText()) {
            case "text_delta" -> tell("content", delta.path("text").asText(), listener);
            case "thinking_delta" ->
                tell("reasoning_content", delta.path("thinking").asText(), listener);
            case "input_json_delta" ->
                answer.call(data.path("index").asInt()).ifPresent(index -> {
                    var call = call(index);
                    call.putObject("function")
                            .put("arguments", delta.path("partial_json").asText());
                    tell(call, listener);
                });
            default -> {
                // Signatures and what may come later: nothing that an answer in OpenAI's form has.
            }
        }
    }

    private static void readEnd(JsonNode reason, RemoteAnswer answer) {
        if (RemoteCall.isWord(reason)) {
            answer.finished(finishReason(reason.textValue()));
        }
    }

    private static String finishReason(String reason) {
        return switch (reason) {
            case "max_tokens", "model_context_window_exceeded" -> "length";
            case "tool_use" -> "tool_calls";
            case "refusal" -> "content_filter";
            default -> "stop";
        };
    }

    private static ObjectNode call(int index) {
        return NODES.objectNode().put("index", index);
    }

    private static void tell(String field, String text, GenerationListener listener) {
        if (!text.isEmpty()) {
            var choice = NODES.objectNode().put("index", 0);
            choice.putObject("delta").put(field, text);
            listener.heard(new Delta(choice));
        }
    }

    private static void tell(ObjectNode call, GenerationListener listener) {
        var choice = NODES.objectNode().put("index", 0);
        choice.putObject("delta").putArray("tool_calls").add(call);
        listener.heard(new Delta(choice));
    }

    @Override
    public void acceptWhole(JsonNode body, RemoteAnswer answer, AnswerRoom.Share room, GenerationListener listener) {
        if (body.path("type").asText().equals("error")) {
            throw failure(body.path("error"));
        }
        var usage = body.path("usage");
        readInput(usage, answer);
        answer.output(usage.path("output_tokens").asLong(-1));
        readEnd(body.path("stop_reason"), answer);
        int number = 0;
        for (var block : body.path("content")) {
            switch (block.path("type").asText()) {
                case "text" -> tell("content", block.path("text").asText(), listener);
                case "thinking" ->
                    tell("reasoning_content", block.path("thinking").asText(), listener);
                case "tool_use" -> {
                    var call = begun(block, number, answer);
                    ((ObjectNode) call.path("function"))
                            .put("arguments", block.path("input").toString());
                    tell(call, listener);
                }
                default -> {
                    // As in a stream.
                }
            }
            number++;
        }
    }
}
