package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;

/** An answer of the Responses API in one piece. */
final class ResponsesAnswer implements Answer {
    private final GrowingResponse response;

    /** @param echo what the answer repeats of the request */
    ResponsesAnswer(Head head, ObjectNode echo) {
        this.response = new GrowingResponse(head, echo, (_, _) -> {});
    }

    @Override
    public String heard(GenerationEvent event) {
        response.heard(event);
        return "";
    }

    @Override
    public String ended(JsonNode result) {
        return response.ended(result).toString();
    }
}
