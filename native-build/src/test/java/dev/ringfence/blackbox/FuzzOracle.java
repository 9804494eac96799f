package dev.ringfence.blackbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** What an answer must be, whatever was asked. */
final class FuzzOracle {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<Integer> GOOD = Set.of(200, 201, 202, 204, 206, 304);
    private static final Set<Integer> REFUSED =
            Set.of(400, 401, 403, 404, 405, 406, 409, 410, 413, 414, 415, 416, 417, 421, 422, 429, 431);

    /** Refusals that come from below the resources: of what is no HTTP. */
    private static final Set<Integer> NO_HTTP = Set.of(0, 400, 414, 417, 431);

    /** What the service has no room for, or cannot do on this host. */
    private static final Set<String> UNAVAILABLE =
            Set.of("guard", "saturated", "queue-full", "model-file-not-found", "engine-missing", "one-at-a-time");

    /** The inside does not show. */
    private static final Pattern CLASS =
            Pattern.compile("\\b(?:java|jakarta|io|com|dev)\\.(?:[a-z0-9]+\\.)+[A-Z]\\w*(?:Exception|Error)\\b");

    private final String secret;

    /** @param secret what stands in files that nobody may see */
    FuzzOracle(String secret) {
        this.secret = secret;
    }

    /** What is wrong with the answer, if something is. */
    Optional<String> complaint(FuzzRequest request, RawHttp.Answer answer) {
        int status = answer.status();
        if (answer.body().contains(secret)) {
            return Optional.of("shows what is outside of all roots");
        }
        if (!answer.header("X-Injected").isEmpty()) {
            return Optional.of("has a header of the request's making");
        }
        if (CLASS.matcher(answer.body()).find()) {
            return Optional.of("tells of the inside");
        }
        if (request.broken() && NO_HTTP.contains(status) && answer.body().isEmpty()) {
            return Optional.empty();
        }
        if (!request.addressed() && status == 404 && answer.body().isEmpty()) {
            return Optional.empty();
        }
        if (GOOD.contains(status)) {
            return Optional.empty();
        }
        if (!REFUSED.contains(status) && status != 503) {
            return Optional.of("has a status that is not documented");
        }
        if (request.method().equals("HEAD")) {
            return Optional.empty();
        }
        return error(request, answer);
    }

    private static Optional<String> error(FuzzRequest request, RawHttp.Answer answer) {
        JsonNode json;
        try {
            json = JSON.readTree(answer.body());
        } catch (JsonProcessingException e) {
            return Optional.of("is an error that is no JSON");
        }
        var type = answer.header("Content-Type");
        if (json.path("error").has("message")) {
            boolean ours = request.openAi() && type.startsWith("application/json");
            return ours
                    ? unavailable(answer, json.at("/error/code").asText().replace('_', '-'))
                    : Optional.of("is in OpenAI's form");
        }
        if (json.has("healthy") && answer.status() == 503) {
            return Optional.empty();
        }
        boolean problem = type.startsWith("application/problem+json")
                && json.path("type").asText().startsWith("/problems/")
                && !json.path("title").asText().isEmpty()
                && json.path("status").asInt() == answer.status();
        return problem
                ? unavailable(answer, json.path("type").asText().replace("/problems/", ""))
                : Optional.of("is an error that is no problem");
    }

    private static Optional<String> unavailable(RawHttp.Answer answer, String slug) {
        return answer.status() < 500 || UNAVAILABLE.contains(slug)
                ? Optional.empty()
                : Optional.of("refuses service for a reason that is none: " + slug);
    }
}
