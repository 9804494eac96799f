package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;

/**
 * What is kept of prompts and answers that are not to be kept: numbers, truth values and a few words whose meaning is
 * known; of everything else the SHA-256 and the size of its JSON, or of the text itself.
 */
final class Digests {
    private static final Set<String> PLAIN = Set.of("model", "finish_reason", "engine_log", "encoding_format");

    private Digests() {}

    static JsonNode of(JsonNode json) {
        var kept = JsonNodeFactory.instance.objectNode();
        json.properties().forEach(field -> {
            var value = field.getValue();
            boolean plain = value.isNumber() || value.isBoolean() || value.isNull() || PLAIN.contains(field.getKey());
            kept.set(field.getKey(), plain ? value : digest(value));
        });
        return kept;
    }

    private static ObjectNode digest(JsonNode value) {
        var bytes = (value.isTextual() ? value.textValue() : value.toString()).getBytes(StandardCharsets.UTF_8);
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest(bytes);
            return JsonNodeFactory.instance
                    .objectNode()
                    .put("sha256", HexFormat.of().formatHex(hash))
                    .put("bytes", bytes.length);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
