package dev.ringfence.api.rest;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Bodies that are JSON objects: of bounded size and depth, no key twice, nothing after the object. */
public final class JsonBody {
    /** Where the parser names what it reads from, which is nothing that a client knows. */
    private static final Pattern SOURCE = Pattern.compile("\\[Source: [^\\[\\]]*; (line: \\d+, column: \\d+)]");

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static {
        MAPPER.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(100).build());
    }

    private JsonBody() {}

    /** The object in a body; a client that sends something else is told what. Blocks. */
    public static ObjectNode read(InputStream body) {
        return parse(BodyLimit.read(body));
    }

    static ObjectNode parse(byte[] body) {
        var json = tree(body);
        if (!(json instanceof ObjectNode object)) {
            throw new BadRequest("invalid-request", List.of("the body must be a JSON object, not " + kind(json)));
        }
        return object;
    }

    private static JsonNode tree(byte[] body) {
        try {
            var json = MAPPER.readTree(body);
            beyondADouble(json).ifPresent(place -> {
                throw new BadRequest(
                        "malformed-json", List.of(place + ": a number must be between -1.8e308 and 1.8e308"));
            });
            return json;
        } catch (JsonProcessingException e) {
            throw new BadRequest("malformed-json", List.of("the body is not JSON: " + explain(e)));
        } catch (IOException e) {
            throw new BadRequest("malformed-json", List.of("the body cannot be read: " + e.getMessage()));
        }
    }

    /**
     * Where the first number is that a double cannot hold, which has no value that could be checked, kept or passed on.
     * Only a place that there is is put into words: bodies have millions of values.
     */
    private static Optional<String> beyondADouble(JsonNode json) {
        if (json.isDouble()) {
            return Double.isFinite(json.doubleValue()) ? Optional.empty() : Optional.of("");
        }
        if (json.isObject()) {
            for (var field : json.properties()) {
                var below = beyondADouble(field.getValue());
                if (below.isPresent()) {
                    return below.map(place -> "/" + field.getKey() + place);
                }
            }
        } else if (json.isArray()) {
            for (int i = 0; i < json.size(); i++) {
                int at = i;
                var below = beyondADouble(json.get(i));
                if (below.isPresent()) {
                    return below.map(place -> "/" + at + place);
                }
            }
        }
        return Optional.empty();
    }

    /** What is wrong with a text that is no JSON, and where, in one line. */
    public static String explain(JsonProcessingException error) {
        JsonLocation at = error.getLocation();
        return (at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": ")
                + SOURCE.matcher(error.getOriginalMessage()).replaceAll("$1");
    }

    static String kind(JsonNode json) {
        return json.isMissingNode() ? "empty" : json.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
    }
}
