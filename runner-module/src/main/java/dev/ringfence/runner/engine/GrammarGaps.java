package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import java.util.ArrayList;
import java.util.List;

/** What the schemas of a request ask and the grammars of this host's engines do not hold an answer to. */
final class GrammarGaps {
    static final String FORMAT = "response_format";

    private GrammarGaps() {}

    /**
     * All of it, in words for whoever asks.
     *
     * @throws InvalidRequest when it is the answer's own schema and the request wants it kept to
     */
    static List<String> of(ObjectNode body) {
        var budget = new SchemaBudget();
        var gaps = new ArrayList<>(formatGaps(body, budget));
        var tools = body.path("tools");
        if (!body.path("tool_choice").asText().equals("none")) {
            for (int i = 0; i < tools.size(); i++) {
                var parameters = tools.get(i).path("function").path("parameters");
                gaps.addAll(SchemaGaps.ofShown(parameters, "tools[" + i + "]", budget));
            }
        }
        return gaps;
    }

    /** @throws InvalidRequest as {@link #of} does */
    static void requireHeld(ObjectNode body) {
        if (body.path(FORMAT).path("json_schema").path("strict").asBoolean()) {
            var _ = formatGaps(body, new SchemaBudget());
        }
    }

    private static List<String> formatGaps(JsonNode body, SchemaBudget budget) {
        var format = body.path(FORMAT).path("json_schema");
        if (format.isMissingNode()) {
            return List.of();
        }
        var gaps = SchemaGaps.of(format.path("schema"), FORMAT, budget);
        if (!gaps.isEmpty() && format.path("strict").asBoolean()) {
            throw new InvalidRequest(
                    FORMAT + ".json_schema.schema",
                    "the schema is to be kept to strictly, and the grammar that holds this model to it cannot hold "
                            + Texts.clip(String.join(", ", gaps), 500)
                            + "; leave that out of the schema, or \"strict\": true out of the request");
        }
        return gaps;
    }
}
