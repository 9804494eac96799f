package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.TreeMap;

/** Calls of functions, put together from their pieces. */
final class ToolCalls {
    private final TreeMap<Integer, Call> calls = new TreeMap<>();

    /** One call so far. */
    private static final class Call {
        private String id = "";
        private String name = "";
        private final StringBuilder arguments = new StringBuilder();
    }

    void add(JsonNode pieces) {
        for (var piece : pieces) {
            var call = calls.computeIfAbsent(piece.path("index").asInt(), _ -> new Call());
            var function = piece.path("function");
            call.id = said(piece.path("id"), call.id);
            call.name = said(function.path("name"), call.name);
            call.arguments.append(function.path("arguments").asText(""));
        }
    }

    /** Later pieces repeat what was said, or leave it out, or say nothing. */
    private static String said(JsonNode text, String before) {
        return text.asText("").isEmpty() ? before : text.asText();
    }

    boolean isEmpty() {
        return calls.isEmpty();
    }

    ArrayNode json() {
        var array = JsonNodeFactory.instance.arrayNode();
        for (var call : calls.values()) {
            array.addObject()
                    .put("id", call.id)
                    .put("type", "function")
                    .putObject("function")
                    .put("name", call.name)
                    .put("arguments", call.arguments.toString());
        }
        return array;
    }
}
