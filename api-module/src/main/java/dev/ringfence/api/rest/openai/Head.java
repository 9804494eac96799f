package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What all pieces of an answer begin with.
 *
 * @param created in seconds since 1970
 */
record Head(String id, long created, String model) {
    ObjectNode object(String kind) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", id)
                .put("object", kind)
                .put("created", created)
                .put("model", model);
    }
}
