package dev.ringfence.runner.capability;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;

/**
 * Reads JSON of files and programs for results: one document, in which nothing is lost (numbers stay as they are written,
 * no field comes twice) and which can be written again. Thread-safe.
 */
final class StrictJson {
    private static final int LONGEST_REASON = 300;

    /** A result holds it some levels deeper, and clients' parsers have bounds too. */
    private static final int DEEPEST = 90;

    private static final ObjectMapper JSON = mapper();

    private StrictJson() {}

    /** A text is no JSON that a result can hold; the message says why, in plain text of bounded length. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        private Refused(String message) {
            super(message);
        }
    }

    /** The document that a text is. */
    static JsonNode parse(String text) throws Refused {
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new Refused(plain(e.getOriginalMessage()));
        }
        if (json.isMissingNode()) {
            throw new Refused("it is empty");
        }
        requireCharacters(json, StandardCharsets.UTF_8.newEncoder());
        return json;
    }

    /** An escape like {@code \\ud800} can stand for half a character, which nothing can write as UTF-8. */
    private static void requireCharacters(JsonNode json, CharsetEncoder encoder) throws Refused {
        if (json.getNodeType() == JsonNodeType.STRING) {
            requireCharacters(json.textValue(), encoder);
        }
        for (var field : json.properties()) {
            requireCharacters(field.getKey(), encoder);
        }
        for (var child : json) {
            requireCharacters(child, encoder);
        }
    }

    private static void requireCharacters(String text, CharsetEncoder encoder) throws Refused {
        if (!encoder.canEncode(text)) {
            throw new Refused("it holds half of a surrogate pair (an escape from \\ud800 to \\udfff on its own), in "
                    + plain("\"" + text + "\""));
        }
    }

    /** The parser's words hold pieces of the text, as long and as broken as they are. */
    private static String plain(String words) {
        var whole = new String(words.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        return whole.codePointCount(0, whole.length()) <= LONGEST_REASON
                ? whole
                : whole.substring(0, whole.offsetByCodePoints(0, LONGEST_REASON)) + "…";
    }

    private static ObjectMapper mapper() {
        var mapper = JsonMapper.builder()
                .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(DEEPEST)
                        .maxStringLength(10 << 20)
                        .build());
        return mapper;
    }
}
