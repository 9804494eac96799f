package dev.ringfence.runner.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A file that a job left as part of its result.
 *
 * @param name its path below the job's output directory
 * @param size in bytes
 * @param sha256 in hexadecimal
 */
public record Artifact(String name, long size, String sha256, String mediaType) {
    /** As results show it. */
    public ObjectNode json() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("name", name)
                .put("size", size)
                .put("sha256", sha256)
                .put("media_type", mediaType);
    }

    static Artifact of(JsonNode json) {
        return new Artifact(
                json.path("name").asText(),
                json.path("size").asLong(),
                json.path("sha256").asText(),
                json.path("media_type").asText());
    }
}
