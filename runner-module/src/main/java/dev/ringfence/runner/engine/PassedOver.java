package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** What of a request has no effect on some models. */
public final class PassedOver {
    /** Texts that say how a service is to deal with a request. Services that speak OpenAI's API get them; others do not. */
    public static final List<String> OF_SERVICES =
            List.of("user", "safety_identifier", "prompt_cache_key", "service_tier", "reasoning_effort", "verbosity");

    private static final String FORMAT = "response_format";

    private PassedOver() {}

    /** Those that a request has, by name. */
    static List<String> services(ObjectNode body) {
        return OF_SERVICES.stream().filter(body::has).toList();
    }

    /** The same request without what only services elsewhere act on. */
    static GenerationRequest withoutServices(GenerationRequest request) {
        var body = request.body();
        boolean strict = false;
        for (var tool : body.path("tools")) {
            strict |= tool.path("function").has("strict");
        }
        if (!strict && services(body).isEmpty()) {
            return request;
        }
        var copy = body.deepCopy();
        copy.remove(OF_SERVICES);
        copy.path("tools").forEach(tool -> ((ObjectNode) tool.path("function")).remove("strict"));
        return new GenerationRequest(request.operation(), copy, request.agent());
    }

    /**
     * The same request as an engine of this host may have it: also without what would keep one busy for too long, and with
     * references that its grammar tells apart.
     */
    static GenerationRequest forEngine(GenerationRequest request) {
        var asked = withoutServices(request);
        var format = asked.body().path(FORMAT).path("json_schema");
        if (format.isMissingNode() && asked.body().path("tools").isEmpty()) {
            return asked;
        }
        var body = asked.body().deepCopy();
        var budget = new SchemaBudget();
        var schema = body.path(FORMAT).path("json_schema").path("schema");
        var numbers = new AtomicInteger();
        SchemaWeight.lighten(schema, format.path("strict").asBoolean(), budget);
        SchemaReferences.rename(schema, numbers::incrementAndGet);
        for (var tool : body.path("tools")) {
            var parameters = tool.path("function").path("parameters");
            SchemaWeight.lighten(parameters, false, budget);
            SchemaReferences.rename(parameters, numbers::incrementAndGet);
        }
        return new GenerationRequest(asked.operation(), body, asked.agent());
    }

    /**
     * Of the request's schemas, what the grammars of this host's engines do not hold an answer to.
     *
     * @throws InvalidRequest when it is the answer's own schema and the request wants it kept to
     */
    static List<String> gaps(ObjectNode body) {
        var budget = new SchemaBudget();
        var gaps = new ArrayList<>(formatGaps(body, budget));
        var tools = body.path("tools");
        if (!body.path("tool_choice").asText().equals("none")) {
            for (int i = 0; i < tools.size(); i++) {
                var parameters = tools.get(i).path("function").path("parameters");
                gaps.addAll(SchemaGaps.of(parameters, "tools[" + i + "]", budget));
            }
        }
        return gaps;
    }

    /** @throws InvalidRequest as above */
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
