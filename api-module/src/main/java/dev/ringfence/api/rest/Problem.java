package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * An error as RFC 9457 has it. The end of {@code type} is stable: clients may act on it.
 *
 * @param slug the end of the type
 * @param title the same for every problem of the type
 * @param detail what happened here and what to do; empty for none
 * @param retryAfter when to come again, where that may help
 */
public record Problem(int status, String slug, String title, String detail, Optional<Duration> retryAfter) {
    /** The media type of problem details. */
    public static final String MEDIA_TYPE = "application/problem+json";

    private static final String TYPES = "/problems/";

    /** What may be over by itself, or once the operator has mended it. */
    private static final Set<Integer> PASSING = Set.of(429, 503, 507);

    private static final Duration LATER = Duration.ofSeconds(10);

    /** Where its status says that it passes, with a time to come again that is a guess; {@link #again} knows better. */
    public Problem(int status, String slug, String title, String detail) {
        this(status, slug, title, detail, PASSING.contains(status) ? Optional.of(LATER) : Optional.empty());
    }

    /** The same, over after a time that is known. */
    Problem again(Duration after) {
        return new Problem(status, slug, title, detail, Optional.of(after));
    }

    /** As JSON. */
    public ObjectNode json() {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("type", TYPES + slug)
                .put("title", title)
                .put("status", status);
        return detail.isEmpty() ? json : json.put("detail", detail);
    }

    /** As clients of OpenAI's API expect errors. */
    ObjectNode openAiForm() {
        return openAiForm(json());
    }

    /**
     * The same of a problem that is JSON already.
     *
     * @param problem as {@link #response} answers with it
     */
    public static ObjectNode openAiForm(JsonNode problem) {
        int status = problem.path("status").asInt();
        var slug = problem.path("type").asText().replace(TYPES, "");
        var message = new StringBuilder(problem.path("title").asText());
        if (problem.has("detail")) {
            message.append(": ").append(problem.path("detail").asText());
        }
        problem.path("errors").forEach(error -> message.append("; ").append(error.asText()));
        var form = JsonNodeFactory.instance.objectNode();
        form.putObject("error")
                .put("message", message.toString())
                .put(
                        "type",
                        status >= 500
                                ? "server_error"
                                : status == 429 ? "rate_limit_exceeded" : "invalid_request_error")
                .putNull("param")
                .put("code", status == 401 ? "invalid_api_key" : slug.replace('-', '_'));
        return form;
    }

    /** The value of the header {@code Retry-After}: whole seconds, at least one. */
    Optional<String> retryAfterSeconds() {
        return retryAfter.map(
                after -> Long.toString(Math.max(1, after.plusMillis(999).toSeconds())));
    }

    /** As a response. */
    public Response response() {
        return response(json -> {});
    }

    /** As a response with members of its type's own. */
    public Response response(Consumer<ObjectNode> members) {
        var json = json();
        members.accept(json);
        var response = Response.status(status).type(MEDIA_TYPE).entity(json.toString());
        retryAfterSeconds().ifPresent(seconds -> response.header("Retry-After", seconds));
        return response.build();
    }

    /** As a response with all that is wrong with a request. */
    public Response response(List<String> errors) {
        return response(json -> errors.forEach(json.putArray("errors")::add));
    }
}
