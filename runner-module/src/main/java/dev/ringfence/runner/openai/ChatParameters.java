package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** The parameters of {@code POST /v1/chat/completions}. */
final class ChatParameters {
    private static final int MOST_TOP_LOGPROBS = 20;

    private ChatParameters() {}

    static void read(Parameters parameters, ObjectNode body) {
        Messages.read(parameters.array("messages"), body.putArray("messages"));
        SamplingParameters.read(parameters, body);
        length(parameters, body);
        logprobs(parameters, body);
        ResponseFormat.read(parameters, "response_format", body);
        ToolParameters.read(parameters, body);
        modalities(parameters);
        parameters.refuse("functions", "it was replaced by \"tools\".");
        parameters.refuse("function_call", "it was replaced by \"tool_choice\".");
        parameters.refuse("audio", "no model here speaks.");
        parameters.refuse("web_search_options", "models here do not search the web.");
    }

    /** Both names mean the same; the older one is deprecated there and still sent by many clients. */
    private static void length(Parameters parameters, ObjectNode body) {
        var older = parameters.integer("max_tokens", 1, Integer.MAX_VALUE);
        var newer = parameters.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        if (older != null && newer != null && !older.equals(newer)) {
            throw InvalidParameter.unsupported(
                    "max_tokens",
                    "it is %d and \"max_completion_tokens\" is %d; give one of them.".formatted(older, newer));
        }
        if (newer != null) {
            body.put("max_tokens", newer);
        } else if (older != null) {
            body.put("max_tokens", older);
        }
    }

    private static void logprobs(Parameters parameters, ObjectNode body) {
        boolean wanted = parameters.flag("logprobs", false);
        var top = parameters.integer("top_logprobs", 0, MOST_TOP_LOGPROBS);
        if (top != null && !wanted) {
            throw InvalidParameter.unsupported("top_logprobs", "it is allowed with \"logprobs\": true only.");
        }
        if (wanted) {
            body.put("logprobs", true).put("top_logprobs", top == null ? 0 : top);
        }
    }

    private static void modalities(Parameters parameters) {
        var modalities = parameters.array("modalities");
        if (modalities != null) {
            for (var modality : modalities) {
                if (!modality.asText().equals("text")) {
                    throw InvalidParameter.unsupported("modalities", "models here write text only.");
                }
            }
        }
    }
}
