package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** What chats and completions have in common: how tokens are chosen, and where an answer ends. */
final class SamplingParameters {
    private static final int MOST_STOPS = 4;
    private static final int LONGEST_STOP = 1024;

    /** The engine's seeds are of 32 bits, and its highest means a random one. */
    private static final long SEEDS = 0xFFFF_FFFFL;

    private SamplingParameters() {}

    static void read(Parameters parameters, ObjectNode body) {
        parameters.number("temperature", 0, 2, body);
        parameters.number("top_p", 0, 1, body);
        parameters.number("presence_penalty", -2, 2, body);
        parameters.number("frequency_penalty", -2, 2, body);
        var seed = parameters.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        if (seed != null) {
            body.put("seed", Math.floorMod(seed, SEEDS));
        }
        stop(parameters, body);
        logitBias(parameters, body);
        // Not OpenAI's, but llama.cpp's: those whose worst effect is a strange answer.
        parameters.number("min_p", 0, 1, body);
        parameters.number("typical_p", 0, 1, body);
        parameters.number("repeat_penalty", 0, 2, body);
        var topK = parameters.integer("top_k", 0, 1_000_000);
        if (topK != null) {
            body.put("top_k", topK);
        }
        parameters.only("n", "1", "only 1 answer for each request is given here; send the request n times instead.");
        parameters.only("best_of", "1", "only 1 answer for each request is made here.");
    }

    private static void stop(Parameters parameters, ObjectNode body) {
        var stop = parameters.get("stop");
        if (stop == null) {
            return;
        }
        var what = "a text or an array of up to %d texts of 1 to %d characters".formatted(MOST_STOPS, LONGEST_STOP);
        var stops = body.putArray("stop");
        if (stop.isTextual()) {
            stops.add(stop);
        } else if (stop.isArray() && stop.size() <= MOST_STOPS) {
            stop.forEach(stops::add);
        } else {
            throw InvalidParameter.type("stop", what, stop);
        }
        for (var text : stops) {
            if (!text.isTextual()
                    || text.textValue().isEmpty()
                    || text.textValue().length() > LONGEST_STOP) {
                throw InvalidParameter.value("stop", what, text);
            }
        }
    }

    private static void logitBias(Parameters parameters, ObjectNode body) {
        var bias = parameters.object("logit_bias");
        if (bias == null) {
            return;
        }
        Parameters.bounded("logit_bias", bias);
        for (var entry : bias.properties()) {
            if (!entry.getKey().matches("\\d{1,9}") || !isBias(entry.getValue())) {
                throw InvalidParameter.value(
                        "logit_bias", "an object of token ids with numbers from -100 to 100", entry.getKey());
            }
        }
        body.set("logit_bias", bias);
    }

    private static boolean isBias(JsonNode value) {
        return value.isNumber() && Math.abs(value.doubleValue()) <= 100;
    }
}
