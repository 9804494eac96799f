package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;

/**
 * One vector of many, for models that were not made for embeddings: of such a one the engine gives a vector for each
 * token. Theirs is the mean of those, brought to the length 1; models that name a way of pooling keep to their own.
 */
final class MeanPooling {
    /** The engine says so of a model that names no way. */
    static final String MISSING = "Pooling type 'none'";

    private MeanPooling() {}

    /** Puts an answer of the engine's own form into OpenAI's, its count of tokens included. */
    static ObjectNode pool(JsonNode answer, boolean base64) {
        var pooled = JsonNodeFactory.instance.objectNode();
        var data = pooled.putArray("data");
        long tokens = 0;
        for (var input : answer) {
            if (!(input.path("embedding") instanceof ArrayNode vectors)
                    || vectors.isEmpty()
                    || vectors.path(0).isEmpty()) {
                throw new Misbehaved("the engine answered without vectors");
            }
            tokens += vectors.size();
            data.add(embedding(input.path("index").asInt(), mean(vectors), base64));
        }
        pooled.putObject("usage").put("prompt_tokens", tokens).put("total_tokens", tokens);
        return pooled;
    }

    private static float[] mean(ArrayNode vectors) {
        var sum = new double[vectors.path(0).size()];
        for (var vector : vectors) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += vector.path(i).doubleValue();
            }
        }
        double square = 0;
        for (double part : sum) {
            square += part * part;
        }
        double length = square > 0 ? Math.sqrt(square) : 1;
        var mean = new float[sum.length];
        for (int i = 0; i < sum.length; i++) {
            mean[i] = (float) (sum[i] / length);
        }
        return mean;
    }

    private static ObjectNode embedding(int index, float[] vector, boolean base64) {
        var embedding =
                JsonNodeFactory.instance.objectNode().put("object", "embedding").put("index", index);
        if (base64) {
            var bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(vector);
            return embedding.put("embedding", Base64.getEncoder().encodeToString(bytes.array()));
        }
        var numbers = embedding.putArray("embedding");
        for (float number : vector) {
            numbers.add(number);
        }
        return embedding;
    }
}
