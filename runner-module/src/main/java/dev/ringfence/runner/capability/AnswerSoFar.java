package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import dev.ringfence.runner.engine.ToolCalls;

/**
 * What has come of a model's answer. Written by the generation's thread only, and read when that has given its result.
 */
final class AnswerSoFar {
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder refusal = new StringBuilder();
    private final ToolCalls calls = new ToolCalls();
    private int vectors;
    private int dimensions;

    void add(GenerationEvent event) {
        switch (event) {
            case Delta delta -> {
                text.append(delta.text());
                refusal.append(delta.refusal());
                calls.add(delta);
            }
            case Vectors(var data) -> {
                vectors += data.size();
                dimensions = data.path(0).path("embedding").size();
            }
        }
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
            calls.all()
                    .forEach(call -> array.addObject()
                            .put("id", call.id())
                            .put("name", call.name())
                            .put("arguments", call.arguments()));
        }
    }
}
