package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import java.util.TreeMap;

/**
 * What has come of a model's answer. Written by the generation's thread only, and read when that has given its result.
 */
final class AnswerSoFar {
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder refusal = new StringBuilder();
    private final TreeMap<Integer, Call> calls = new TreeMap<>();
    private int vectors;
    private int dimensions;

    private static final class Call {
        private String id = "";
        private String name = "";
        private final StringBuilder arguments = new StringBuilder();
    }

    void add(GenerationEvent event) {
        switch (event) {
            case Delta delta -> {
                text.append(delta.text());
                refusal.append(delta.refusal());
                delta.choice().path("delta").path("tool_calls").forEach(this::addCall);
            }
            case Vectors(var data) -> {
                vectors += data.size();
                dimensions = data.path(0).path("embedding").size();
            }
        }
    }

    private void addCall(JsonNode piece) {
        var call = calls.computeIfAbsent(piece.path("index").asInt(), index -> new Call());
        var function = piece.path("function");
        call.id = said(piece.path("id"), call.id);
        call.name = said(function.path("name"), call.name);
        call.arguments.append(function.path("arguments").asText(""));
    }

    /** Later pieces repeat what was said, or leave it out, or say nothing. */
    private static String said(JsonNode text, String before) {
        return text.asText("").isEmpty() ? before : text.asText();
    }

    /** Vectors are counted only: they are large, and can be made again. */
    void showIn(ObjectNode data) {
        if (vectors > 0) {
            data.put("vectors", vectors);
            if (dimensions > 0) {
                data.put("dimensions", dimensions);
            }
            return;
        }
        data.put("text", text.toString());
        if (!refusal.isEmpty()) {
            data.put("refusal", refusal.toString());
        }
        if (!calls.isEmpty()) {
            var array = data.putArray("tool_calls");
            calls.values()
                    .forEach(call -> array.addObject()
                            .put("id", call.id)
                            .put("name", call.name)
                            .put("arguments", call.arguments.toString()));
        }
    }
}
