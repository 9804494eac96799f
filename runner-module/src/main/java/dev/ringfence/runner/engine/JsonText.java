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

    /** Of one event: six hundred tokens with twenty alternatives each have fewer, and most come one by one. */
    private static final int MOST_PARTS = 128 * 1024;

    private JsonText() {}

    /**
     * Reads a text.
     *
     * @param who answers, for the message
     * @throws Misbehaved when it is no JSON
     */
    static JsonNode parse(String who, String text) {
        return parse(who, text, 200);
    }

    /** The same, with so much of the text in the message. */
    static JsonNode parse(String who, String text, int shown) {
        if (parts(text) > MOST_PARTS) {
            throw new Misbehaved(who + " answers with JSON of more than " + MOST_PARTS + " parts in one piece");
        }
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new Misbehaved(who + " does not answer in JSON: " + Texts.clip(text, shown));
        }
    }

    /** About as many nodes as its tree would have, which take many times the text's own room when they are empty. */
    private static int parts(String text) {
        int parts = 0;
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (quoted) {
                i += c == '\\' ? 1 : 0;
            } else if (c == ',' || c == ':' || c == '[' || c == '{') {
                parts++;
            }
        }
        return parts;
    }

    /** The same of a body, which is left open; none of its words are in the message. */
    static JsonNode parse(String who, InputStream body) throws IOException {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            var place = e.getLocation();
            throw new Misbehaved("%s does not answer in JSON: it is none from line %d, column %d on"
                    .formatted(who, place.getLineNr(), place.getColumnNr()));
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
