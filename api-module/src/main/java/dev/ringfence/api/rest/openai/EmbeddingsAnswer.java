package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;

/** Vectors, in the order of the inputs. */
final class EmbeddingsAnswer implements Answer {
    private final String model;
    private final ArrayNode data = JsonNodeFactory.instance.arrayNode();

    EmbeddingsAnswer(String model) {
        this.model = model;
    }

    @Override
    public String heard(GenerationEvent event) {
        if (event instanceof Vectors vectors) {
            for (var vector : vectors.data()) {
                data.add(((ObjectNode) vector).without("encoding_format"));
            }
        }
        return "";
    }

    @Override
    public String ended(JsonNode result) {
        var answer = JsonNodeFactory.instance.objectNode().put("object", "list");
        answer.set("data", data);
        answer.put("model", model);
        if (Frames.counted(result)) {
            long tokens = result.path("input_tokens").asLong();
            answer.putObject("usage").put("prompt_tokens", tokens).put("total_tokens", tokens);
        }
        return answer.toString();
    }
}
