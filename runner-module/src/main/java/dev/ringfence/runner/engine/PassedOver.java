package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** What of a request has no effect on some models. */
public final class PassedOver {
    /** Texts that say how a service is to deal with a request. Services that speak OpenAI's API get them; others do not. */
    public static final List<String> OF_SERVICES =
            List.of("user", "safety_identifier", "prompt_cache_key", "service_tier", "reasoning_effort", "verbosity");

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
}
