package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;

/** The form that an answer must have; engines of this host hold to it by a grammar. */
final class ResponseFormat {
    private ResponseFormat() {}

    static void read(Parameters parameters, String place, ObjectNode body) {
        var format = parameters.get(place);
        if (format == null) {
            return;
        }
        if (!format.isObject()) {
            throw InvalidParameter.type(place, "an object", format);
        }
        var type = format.path("type").asText();
        parameters.onlyWithin(format, place, type.equals("json_schema") ? Set.of("type", type) : Set.of("type"));
        switch (type) {
            case "text" -> {}
            case "json_object" -> body.putObject("response_format").put("type", "json_object");
            case "json_schema" -> {
                var schema = format.path("json_schema").path("schema");
                if (!schema.isObject()) {
                    throw InvalidParameter.type(place + ".json_schema.schema", "a JSON Schema (an object)", schema);
                }
                Parameters.bounded(place, format);
                var given = format.path("json_schema");
                parameters.onlyWithin(given, place + ".json_schema", Set.of("name", "description", "schema", "strict"));
                var copy = body.putObject("response_format")
                        .put("type", "json_schema")
                        .putObject("json_schema")
                        .put("name", given.path("name").asText("answer"));
                copy.set("schema", schema);
                Parameters.copyText(given, "description", place + ".json_schema", copy);
                Parameters.copyFlag(given, "strict", place + ".json_schema", copy);
            }
            default ->
                throw InvalidParameter.value(place + ".type", "text, json_object or json_schema", format.path("type"));
        }
    }
}
