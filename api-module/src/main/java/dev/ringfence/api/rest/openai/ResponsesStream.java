package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;

/** An answer of the Responses API as its typed events, which are numbered. */
final class ResponsesStream implements StreamedAnswer {
    private final GrowingResponse response;
    private final StringBuilder frames = new StringBuilder();
    private int sequence;

    /** @param echo what the answer repeats of the request */
    ResponsesStream(Head head, ObjectNode echo) {
        this.response = new GrowingResponse(head, echo, this::send);
    }

    @Override
    public String heard(GenerationEvent event) {
        response.heard(event);
        return drain();
    }

    @Override
    public String ended(JsonNode result) {
        var _ = response.ended(result);
        return drain();
    }

    @Override
    public String failed(OpenAiError error) {
        response.failed(error);
        return drain();
    }

    private void send(String type, ObjectNode event) {
        var numbered = JsonNodeFactory.instance.objectNode().put("type", type).put("sequence_number", sequence++);
        numbered.setAll(event);
        frames.append(Frames.event(type, numbered));
    }

    private String drain() {
        var text = frames.toString();
        frames.setLength(0);
        return text;
    }
}
