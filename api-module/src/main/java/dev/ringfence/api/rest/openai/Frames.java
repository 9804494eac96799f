package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Server-sent events as OpenAI's clients read them, and the counts that all answers end with. */
final class Frames {
    static final String EVENT_STREAM = "text/event-stream;charset=UTF-8";
    static final String JSON = "application/json";
    static final String DONE = "data: [DONE]\n\n";

    private Frames() {}

    static String data(JsonNode json) {
        return "data: " + json + "\n\n";
    }

    static String event(String type, JsonNode json) {
        return "event: " + type + "\ndata: " + json + "\n\n";
    }

    /** Whether the model's tokens were counted, which not every service elsewhere does. */
    static boolean counted(JsonNode result) {
        return result.has("input_tokens") && result.has("output_tokens");
    }

    /** Adds the counts, if there are any. */
    static void putUsage(ObjectNode answer, JsonNode result) {
        if (counted(result)) {
            answer.set("usage", usage(result));
        }
    }

    private static ObjectNode usage(JsonNode result) {
        long input = result.path("input_tokens").asLong();
        long output = result.path("output_tokens").asLong();
        var usage = JsonNodeFactory.instance
                .objectNode()
                .put("prompt_tokens", input)
                .put("completion_tokens", output)
                .put("total_tokens", input + output);
        usage.putObject("prompt_tokens_details")
                .put("cached_tokens", result.path("cached_input_tokens").asLong());
        if (result.has("reasoning_tokens")) {
            usage.putObject("completion_tokens_details")
                    .put("reasoning_tokens", result.path("reasoning_tokens").asLong());
        }
        return usage;
    }
}
