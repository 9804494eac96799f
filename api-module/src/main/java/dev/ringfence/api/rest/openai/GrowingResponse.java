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

    /** What an item of the answer is. */
    private enum Kind {
        MESSAGE("message", "msg", "output_text", "text", "response.output_text"),
        REFUSAL("message", "msg", "refusal", "refusal", "response.refusal"),
        REASONING("reasoning", "rs", "reasoning_text", "text", "response.reasoning_text"),
        CALL("function_call", "fc", "", "arguments", "response.function_call_arguments");

        private final String type;
        private final String prefix;
        /** The type of its only part; a call has none. */
        private final String part;
        /** What holds its text. */
        private final String field;
        /** What the names of the events of its text begin with. */
        private final String events;

        Kind(String type, String prefix, String part, String field, String events) {
            this.type = type;
            this.prefix = prefix;
            this.part = part;
            this.field = field;
            this.events = events;
        }
    }

    /** An item that is being written. */
    private record Item(int index, String id, Kind kind, String callId, String name, StringBuilder text) {}

    void heard(GenerationEvent event) {
        begin();
        if (event instanceof Delta delta) {
            text(Kind.REASONING, delta.reasoning());
            text(Kind.MESSAGE, delta.text());
            text(Kind.REFUSAL, delta.refusal());
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

    private void text(Kind kind, String piece) {
        if (piece.isEmpty()) {
            return;
        }
        var item = open;
        if (item == null || item.kind() != kind) {
            item = begin(kind, "", "");
            send("response.content_part.added", place(item).set("part", part(kind, "")));
        }
        write(item, piece);
    }

    private Item begin(Kind kind, String callId, String name) {
        close(COMPLETED);
        var item = new Item(output.size(), id(kind.prefix), kind, callId, name, new StringBuilder());
        open = item;
        send("response.output_item.added", outer(item).set("item", json(item, IN_PROGRESS)));
        return item;
    }

    private void write(Item item, String piece) {
        item.text().append(piece);
        var delta = place(item).put("delta", piece);
        if (item.kind() == Kind.MESSAGE) {
            delta.putArray("logprobs");
        }
        send(item.kind().events + ".delta", delta);
    }

    private void call(JsonNode piece) {
        var function = piece.path("function");
        var item = open;
        if (item == null || begins(piece, item)) {
            item = begin(
                    Kind.CALL,
                    piece.path("id").asText(""),
                    function.path("name").asText(""));
            openCall = piece.path("index").asInt(openCall);
        }
        var arguments = function.path("arguments").asText("");
        if (!arguments.isEmpty()) {
            write(item, arguments);
        }
    }

    /** Some servers repeat what a call began with in each of its pieces, and some say null. */
    private boolean begins(JsonNode piece, Item item) {
        if (item.kind() != Kind.CALL) {
            return true;
        }
        var id = piece.path("id").asText("");
        return piece.path("index").asInt(openCall) != openCall || !(id.isEmpty() || id.equals(item.callId()));
    }

    /** Ends the item that is being written. */
    private void close(String status) {
        var item = open;
        if (item == null) {
            return;
        }
        open = null;
        var kind = item.kind();
        var text = item.text().toString();
        var done = place(item);
        if (kind == Kind.CALL) {
            done.put("name", item.name());
        }
        done.put(kind.field, text);
        if (kind == Kind.MESSAGE) {
            done.putArray("logprobs");
        }
        send(kind.events + ".done", done);
        if (kind != Kind.CALL) {
            send("response.content_part.done", place(item).set("part", part(kind, text)));
        }
        var whole = json(item, status);
        output.add(whole);
        send("response.output_item.done", outer(item).set("item", whole));
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
        if (Frames.counted(result)) {
            response.set("usage", usage(result));
        }
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
        usage.putObject("output_tokens_details")
                .put("reasoning_tokens", result.path("reasoning_tokens").asLong());
        return usage;
    }

    private static ObjectNode json(Item item, String status) {
        var kind = item.kind();
        var json = NODES.objectNode().put("type", kind.type).put("id", item.id());
        if (kind == Kind.CALL) {
            return json.put("call_id", item.callId())
                    .put("name", item.name())
                    .put("arguments", item.text().toString())
                    .put("status", status);
        }
        if (kind == Kind.REASONING) {
            json.putArray("summary");
        } else {
            json.put("role", "assistant");
        }
        json.put("status", status);
        var content = json.putArray("content");
        if (!status.equals(IN_PROGRESS)) {
            content.add(part(kind, item.text().toString()));
        }
        return json;
    }

    private static ObjectNode part(Kind kind, String text) {
        var part = NODES.objectNode().put("type", kind.part).put(kind.field, text);
        if (kind == Kind.MESSAGE) {
            part.putArray("annotations");
            part.putArray("logprobs");
        }
        return part;
    }

    /** Where an item is. */
    private static ObjectNode outer(Item item) {
        return NODES.objectNode().put("output_index", item.index());
    }

    /** Where an item's text is. */
    private static ObjectNode place(Item item) {
        var place = NODES.objectNode().put("item_id", item.id()).put("output_index", item.index());
        return item.kind() == Kind.CALL ? place : place.put("content_index", 0);
    }

    private String id(String kind) {
        return kind + "_" + responseId.substring(responseId.indexOf('_') + 1) + output.size();
    }

    private void send(String type, ObjectNode event) {
        events.accept(type, event);
    }
}
