package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The parameters of {@code POST /v1/embeddings}. */
final class EmbeddingParameters {
    private static final int MOST_INPUTS = 2048;

    private EmbeddingParameters() {}

    static void read(Parameters parameters, ObjectNode body) {
        var what = "a text, an array of token ids, or an array of up to %d of either, none of them empty"
                .formatted(MOST_INPUTS);
        var input = parameters.get("input");
        if (input == null) {
            throw InvalidParameter.missing("input", what);
        }
        if (!isInput(input)) {
            if (!input.isArray() || input.isEmpty() || input.size() > MOST_INPUTS) {
                throw InvalidParameter.value("input", what, input);
            }
            for (int i = 0; i < input.size(); i++) {
                if (!isInput(input.get(i))) {
                    throw InvalidParameter.value("input[" + i + "]", "a text or an array of token ids", input.get(i));
                }
            }
        }
        body.set("input", input);
        var format = parameters.get("encoding_format");
        if (format != null) {
            if (!format.asText().equals("float") && !format.asText().equals("base64")) {
                throw InvalidParameter.value("encoding_format", "float or base64", format);
            }
            body.set("encoding_format", format);
        }
        parameters.refuse("dimensions", "vectors have as many dimensions as the model gives them.");
    }

    private static boolean isInput(JsonNode input) {
        return (input.isTextual() && !input.textValue().isEmpty()) || isTokens(input);
    }

    static boolean isTokens(JsonNode input) {
        if (!input.isArray() || input.isEmpty()) {
            return false;
        }
        for (var token : input) {
            if (!token.isIntegralNumber() || !token.canConvertToInt() || token.intValue() < 0) {
                return false;
            }
        }
        return true;
    }
}
