package dev.ringfence.runner.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import java.io.IOException;
import java.io.InputStream;

/** JSON that models are asked in and answer in. */
final class JsonText {
    /** Whoever opened a stream closes it: {@link AnswerRoom} is given back when the answer has been passed on. */
    private static final JsonMapper JSON =
            JsonMapper.builder().disable(StreamReadFeature.AUTO_CLOSE_SOURCE).build();

    private JsonText() {}

    /**
     * Reads a text.
     *
     * @param who answers, for the message
     * @throws Misbehaved when it is no JSON
     */
    static JsonNode parse(String who, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new Misbehaved(who + " does not answer in JSON: " + Texts.clip(text, 200));
        }
    }

    /** The same of a body, which is left open. */
    static JsonNode parse(String who, InputStream body) throws IOException {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new Misbehaved(who + " does not answer in JSON: " + Texts.clip(e.getOriginalMessage(), 200));
        }
    }

    /** What a refusal has below {@code error}; missing when it is no JSON or has nothing there. */
    static JsonNode error(String text) {
        try {
            return JSON.readTree(text).path("error");
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    static byte[] bytes(ObjectNode body) {
        try {
            return JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree that cannot be written", e);
        }
    }
}
