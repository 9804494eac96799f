package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.Kept;
import dev.ringfence.runner.capability.Outcome;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;

/**
 * Where prompts and answers are not to be kept: numbers, truth values and what is known to hold no text of theirs stay;
 * of everything else the SHA-256 and the size of its JSON, or of the text itself. What an engine or a service elsewhere
 * says of its own accord may repeat what it was asked.
 */
final class Digests implements Kept {
    private static final Set<String> PLAIN_ARGUMENTS = Set.of("model", "encoding_format");
    private static final Set<String> PLAIN_RESULTS =
            Set.of("model", "finish_reason", "parameter", "engine", "limits_hit", "fence");

    /** The types of errors whose messages are this service's own, or of an engine that has been asked nothing yet. */
    private static final Set<String> PLAIN_ERRORS = Set.of(
            "engine-missing",
            "fence-broken",
            "fence-refused",
            "internal",
            "model-checksum-mismatch",
            "model-file-invalid",
            "model-file-not-found",
            "model-load-failed",
            "model-not-allowed",
            "model-too-large",
            "models-disabled",
            "prompt-too-long",
            "shutting-down",
            "too-many-vectors",
            "unknown-model");

    @Override
    public boolean output() {
        return false;
    }

    @Override
    public JsonNode arguments(JsonNode arguments) {
        return digests(arguments, PLAIN_ARGUMENTS);
    }

    @Override
    public JsonNode result(JsonNode result) {
        return digests(result, PLAIN_RESULTS);
    }

    @Override
    public String message(Outcome.Failed failure) {
        if (PLAIN_ERRORS.contains(failure.type()) || ofOurQueue(failure)) {
            return failure.message();
        }
        var digest = digest(JsonNodeFactory.instance.textNode(failure.message()));
        return "not kept, since ringfence.journal.prompts is hash; SHA-256 %s, %d bytes"
                .formatted(digest.path(SHA256).asText(), digest.path(BYTES).asInt());
    }

    /** A service elsewhere that has no room says so in its own words, and no place in its queue is known. */
    private static boolean ofOurQueue(Outcome.Failed failure) {
        return failure.type().equals("saturated")
                && failure.data().path("queue_position").asInt() > 0;
    }

    private static JsonNode digests(JsonNode json, Set<String> plain) {
        var kept = JsonNodeFactory.instance.objectNode();
        json.properties().forEach(field -> {
            var value = field.getValue();
            boolean clear = value.isNumber() || value.isBoolean() || value.isNull() || plain.contains(field.getKey());
            kept.set(field.getKey(), clear ? value : digest(value));
        });
        return kept;
    }

    private static ObjectNode digest(JsonNode value) {
        var bytes = (value.isTextual() ? value.textValue() : value.toString()).getBytes(StandardCharsets.UTF_8);
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest(bytes);
            return JsonNodeFactory.instance
                    .objectNode()
                    .put(SHA256, HexFormat.of().formatHex(hash))
                    .put(BYTES, bytes.length);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
