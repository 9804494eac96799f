package dev.ringfence.runner.capability;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Schemas as their authors write them. */
final class JsonSchemas {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private JsonSchemas() {}

    static ObjectNode parse(String schema) {
        try {
            return (ObjectNode) JSON.readTree(schema);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a capability's schema is no JSON", e);
        }
    }
}
