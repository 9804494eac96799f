package dev.ringfence.api.rest;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Bodies that are JSON objects: of bounded size and depth, no key twice, nothing after the object. */
public final class JsonBody {
    /** Where the parser names what it reads from, which is nothing that a client knows. */
    private static final Pattern SOURCE = Pattern.compile("\\[Source: [^\\[\\]]*; (line: \\d+, column: \\d+)]");

    /** Names, values, and the ends of objects and arrays: more than of any request that makes sense. */
    private static final int MOST_TOKENS = 400_000;

    private static final String FEW =
            "; at most " + MOST_TOKENS + " names, values and brackets are read, and objects and arrays 100 deep";

    /** What a body of little more than brackets has of the heap for each of its bytes, and for each token. */
    private static final int HEAVIEST = 64;

    private static final int HEAVIEST_TOKEN = 100;

    /** Of what is being read just now. What has been read is weighed before it is kept. */
    private static final HeapShare TREES = new HeapShare(4);

    private static final String HALF = ": it holds half of a character (a surrogate without its other one)";

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static {
        MAPPER.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(100)
                        .maxTokenCount(MOST_TOKENS)
                        .build());
    }

    private JsonBody() {}

    /** The object in a body; a client that sends something else is told what. Blocks. */
    public static ObjectNode read(InputStream body) {
        return BodyLimit.read(body, (content, length) -> parse(content, length, "the body"));
    }

    /**
     * The object in bytes whose number is bounded by who has read them.
     *
     * @param name what a message calls them
     * @throws BadRequest with what is wrong with them
     */
    public static ObjectNode parse(byte[] body, String name) {
        return parse(new ByteArrayInputStream(body), body.length, name);
    }

    private static ObjectNode parse(InputStream body, int length, String name) {
        var json = tree(body, length, name);
        if (!(json instanceof ObjectNode object)) {
            throw new BadRequest("invalid-request", List.of(name + " must be a JSON object, not " + kind(json)));
        }
        return object;
    }

    private static JsonNode tree(InputStream body, int length, String name) {
        long most = Math.min((long) HEAVIEST * length, (long) HEAVIEST_TOKEN * MOST_TOKENS + 2L * length);
        long room = TREES.take(most);
        try {
            var json = MAPPER.readTree(body);
            trouble(json).ifPresent(found -> {
                throw new BadRequest("malformed-json", List.of(found));
            });
            return json;
        } catch (StreamConstraintsException e) {
            throw new BadRequest("malformed-json", List.of(name + " is more than is read: " + explain(e) + FEW));
        } catch (JsonProcessingException e) {
            throw new BadRequest("malformed-json", List.of(name + " is not JSON: " + explain(e)));
        } catch (IOException e) {
            throw new BadRequest("malformed-json", List.of(name + " cannot be read: " + e.getMessage()));
        } finally {
            TREES.giveBack(room);
        }
    }

    /**
     * Where the first value is that could not be checked, kept or passed on, and why: a number that a double cannot hold, or
     * a text that is none in UTF-8. Only a place that there is is put into words: bodies have millions of values.
     */
    private static Optional<String> trouble(JsonNode json) {
        if (json.isDouble() && !Double.isFinite(json.doubleValue())) {
            return Optional.of(": a number must be between -1.8e308 and 1.8e308");
        }
        if (json.isTextual() && !isWhole(json.textValue())) {
            return Optional.of(HALF);
        }
        for (var field : json.properties()) {
            var found = isWhole(field.getKey()) ? trouble(field.getValue()) : Optional.of(HALF);
            if (found.isPresent()) {
                return found.map(below -> "/" + field.getKey() + below);
            }
        }
        if (json.isArray()) {
            for (int i = 0; i < json.size(); i++) {
                int at = i;
                var found = trouble(json.get(i));
                if (found.isPresent()) {
                    return found.map(below -> "/" + at + below);
                }
            }
        }
        return Optional.empty();
    }

    /** Whether each surrogate has its other half, without which it stands for nothing. */
    private static boolean isWhole(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (i + 1 == text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                    return false;
                }
                i++;
            }
        }
        return true;
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
