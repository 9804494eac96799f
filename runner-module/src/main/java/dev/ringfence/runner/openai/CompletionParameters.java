package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** The parameters of {@code POST /v1/completions}. */
final class CompletionParameters {
    private static final int DEFAULT_LENGTH = 16;
    private static final int MOST_LOGPROBS = 5;

    private CompletionParameters() {}

    static void read(Parameters parameters, ObjectNode body) {
        prompt(parameters, body);
        SamplingParameters.read(parameters, body);
        var length = parameters.integer("max_tokens", 1, Integer.MAX_VALUE);
        body.put("max_tokens", length == null ? DEFAULT_LENGTH : length);
        var logprobs = parameters.integer("logprobs", 0, MOST_LOGPROBS);
        if (logprobs != null) {
            body.put("logprobs", logprobs);
        }
        parameters.only("echo", "false", "the prompt is not repeated here.");
        parameters.only("suffix", "", "models here continue a text and do not fill gaps in one.");
    }

    private static void prompt(Parameters parameters, ObjectNode body) {
        var what = "a text, an array of one text, or an array of token ids";
        var prompt = parameters.get("prompt");
        if (prompt == null) {
            throw InvalidParameter.missing("prompt", what);
        }
        var text = prompt.isArray() && prompt.size() == 1 ? prompt.get(0) : prompt;
        if (text.isTextual()) {
            if (text.textValue().isEmpty()) {
                throw InvalidParameter.value("prompt", what + ", and not empty", text);
            }
            body.set("prompt", text);
        } else if (EmbeddingParameters.isTokens(prompt)) {
            body.set("prompt", prompt);
        } else if (prompt.isArray() && prompt.size() > 1) {
            throw InvalidParameter.unsupported("prompt", "only 1 prompt for each request is taken here.");
        } else {
            throw InvalidParameter.type("prompt", what, prompt);
        }
    }
}
