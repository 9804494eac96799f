package dev.ringfence.runner.engine;

import java.util.concurrent.atomic.AtomicInteger;

/** A request as engines of this host get it. */
final class EngineRequest {
    private EngineRequest() {}

    /**
     * The same request without what only services elsewhere act on and what would keep an engine busy for too long, and with
     * references that its grammar tells apart.
     */
    static GenerationRequest of(GenerationRequest request) {
        var asked = PassedOver.withoutServices(request);
        var format = asked.body().path(GrammarGaps.FORMAT).path("json_schema");
        if (format.isMissingNode() && asked.body().path("tools").isEmpty()) {
            return asked;
        }
        var body = asked.body().deepCopy();
        var budget = new SchemaBudget();
        var schema = body.path(GrammarGaps.FORMAT).path("json_schema").path("schema");
        var numbers = new AtomicInteger();
        SchemaWeight.lighten(schema, format.path("strict").asBoolean(), budget);
        SchemaReferences.rename(schema, numbers::incrementAndGet);
        for (var tool : body.path("tools")) {
            var parameters = tool.path("function").path("parameters");
            SchemaWeight.lightenShown(parameters, budget);
            SchemaReferences.rename(parameters, numbers::incrementAndGet);
        }
        return new GenerationRequest(asked.operation(), body, asked.agent());
    }
}
