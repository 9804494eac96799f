package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A response of the Responses API while it comes, item by item. Not for several threads. */
final class GrowingResponse {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String IN_PROGRESS = "in_progress";
    private static final String COMPLETED = "completed";
    private static final String INCOMPLETE = "incomplete";

    /** Why an answer ended that is not whole, in this API's words. */
    private static final Map<String, String> CUTS =
            Map.of("length", "max_output_tokens", "content_filter", "content_filter");

    private final String responseId;
    private final long created;
    private final String model;
    private final ObjectNode echo;
    private final BiConsumer<String, ObjectNode> events;
    private final ArrayNode output = NODES.arrayNode();
    private @Nullable Item open;

    /** Which of the model's calls the open item is. */
    private int openCall;

    private boolean begun;

    /**
     * @param echo what the answer repeats of the request
     * @param events hears of each step, by the API's name of it
     */
    GrowingResponse(Head head, ObjectNode echo, BiConsumer<String, ObjectNode> events) {
        this.responseId = head.id();
        this.created = head.created();
        this.model = head.model();
        this.echo = echo;
        this.events = events;
    }

    /** A message or a call that is being written. */
    private record Item(int index, String id, boolean message, String callId, String name, StringBuilder text) {}

    void heard(GenerationEvent event) {
        begin();
        if (event instanceof Delta delta) {
            if (!delta.text().isEmpty()) {
                text(delta.text());
            }
            delta.choice().path("delta").path("tool_calls").forEach(this::call);
        }
    }

    private void begin() {
        if (!begun) {
            begun = true;
            send("response.created", NODES.objectNode().set("response", response(IN_PROGRESS)));
            send("response.in_progress", NODES.objectNode().set("response", response(IN_PROGRESS)));
        }
    }

    private void text(String piece) {
        if (open == null || !open.message()) {
            close(COMPLETED);
            var item = new Item(output.size(), id("msg"), true, "", "", new StringBuilder());
            open = item;
            send("response.output_item.added", place(item, false).set("item", json(item, IN_PROGRESS)));
            send("response.content_part.added", place(item, true).set("part", part("")));
        }
        open.text().append(piece);
        var delta = place(open, true).put("delta", piece);
        delta.putArray("logprobs");
        send("response.output_text.delta", delta);
    }

    private void call(JsonNode piece) {
        var function = piece.path("function");
        if (begins(piece)) {
            close(COMPLETED);
            var item = new Item(
                    output.size(),
                    id("fc"),
                    false,
                    piece.path("id").asText(""),
                    function.path("name").asText(""),
                    new StringBuilder());
            open = item;
            openCall = piece.path("index").asInt(openCall);
            send("response.output_item.added", place(item, false).set("item", json(item, IN_PROGRESS)));
        }
        var arguments = function.path("arguments").asText("");
        if (open != null && !arguments.isEmpty()) {
            open.text().append(arguments);
            send("response.function_call_arguments.delta", place(open, false).put("delta", arguments));
        }
    }

    /** Some servers repeat what a call began with in each of its pieces, and some say null. */
    private boolean begins(JsonNode piece) {
        if (open == null || open.message()) {
            return true;
        }
        var id = piece.path("id").asText("");
        return piece.path("index").asInt(openCall) != openCall || !(id.isEmpty() || id.equals(open.callId()));
    }

    /** Ends the item that is being written. */
    private void close(String status) {
        var item = open;
        if (item == null) {
            return;
        }
        open = null;
        var text = item.text().toString();
        if (item.message()) {
            var done = place(item, true).put("text", text);
            done.putArray("logprobs");
            send("response.output_text.done", done);
            send("response.content_part.done", place(item, true).set("part", part(text)));
        } else {
            send(
                    "response.function_call_arguments.done",
                    place(item, false).put("name", item.name()).put("arguments", text));
        }
        var whole = json(item, status);
        output.add(whole);
        send("response.output_item.done", place(item, false).set("item", whole));
    }

    /** The whole, as its last event has it. */
    ObjectNode ended(JsonNode result) {
        begin();
        var cut = CUTS.get(result.path("finish_reason").asText());
        close(cut == null ? COMPLETED : INCOMPLETE);
        var response = response(cut == null ? COMPLETED : INCOMPLETE);
        if (cut != null) {
            response.putObject("incomplete_details").put("reason", cut);
        }
        response.set("usage", usage(result));
        send("response." + response.path("status").asText(), NODES.objectNode().set("response", response));
        return response;
    }

    void failed(OpenAiError error) {
        var response = response("failed");
        response.putObject("error").put("code", error.code()).put("message", error.message());
        send("response.failed", NODES.objectNode().set("response", response));
    }

    private ObjectNode response(String status) {
        var response = NODES.objectNode()
                .put("id", responseId)
                .put("object", "response")
                .put("created_at", created)
                .put("status", status)
                .put("background", false)
                .putNull("error")
                .putNull("incomplete_details")
                .put("model", model);
        response.set("output", output.deepCopy());
        response.setAll(echo);
        return response.putNull("usage").putNull("user");
    }

    private static ObjectNode usage(JsonNode result) {
        long input = result.path("input_tokens").asLong();
        long generated = result.path("output_tokens").asLong();
        var usage = NODES.objectNode()
                .put("input_tokens", input)
                .put("output_tokens", generated)
                .put("total_tokens", input + generated);
        usage.putObject("input_tokens_details")
                .put("cached_tokens", result.path("cached_input_tokens").asLong());
        usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
        return usage;
    }

    private static ObjectNode json(Item item, String status) {
        if (!item.message()) {
            return NODES.objectNode()
                    .put("type", "function_call")
                    .put("id", item.id())
                    .put("call_id", item.callId())
                    .put("name", item.name())
                    .put("arguments", item.text().toString())
                    .put("status", status);
        }
        var json = NODES.objectNode()
                .put("type", "message")
                .put("id", item.id())
                .put("role", "assistant")
                .put("status", status);
        var content = json.putArray("content");
        if (!status.equals(IN_PROGRESS)) {
            content.add(part(item.text().toString()));
        }
        return json;
    }

    private static ObjectNode part(String text) {
        var part = NODES.objectNode().put("type", "output_text").put("text", text);
        part.putArray("annotations");
        part.putArray("logprobs");
        return part;
    }

    private static ObjectNode place(Item item, boolean inContent) {
        var place = NODES.objectNode().put("item_id", item.id()).put("output_index", item.index());
        return inContent ? place.put("content_index", 0) : place;
    }

    private String id(String kind) {
        return kind + "_" + responseId.substring(responseId.indexOf('_') + 1) + output.size();
    }

    private void send(String type, ObjectNode event) {
        events.accept(type, event);
    }
}
