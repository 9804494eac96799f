package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.TreeMap;

/** The calls of functions in an answer, put together from their pieces. */
public final class ToolCalls {
    private final TreeMap<Integer, Pieces> calls = new TreeMap<>();

    /**
     * A call as far as it has come.
     *
     * @param arguments JSON, if the model wrote it right
     */
    public record Call(String id, String name, String arguments) {}

    private static final class Pieces {
        private String id = "";
        private String name = "";
        private final StringBuilder arguments = new StringBuilder();
    }

    /** Adds the pieces of calls that a piece of the answer has, if it has any. */
    public void add(GenerationEvent.Delta delta) {
        for (var piece : delta.choice().path("delta").path("tool_calls")) {
            var call = calls.computeIfAbsent(piece.path("index").asInt(), _ -> new Pieces());
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

    public boolean isEmpty() {
        return calls.isEmpty();
    }

    /** All calls, in the model's order. */
    public List<Call> all() {
        return calls.values().stream()
                .map(call -> new Call(call.id, call.name, call.arguments.toString()))
                .toList();
    }
}
