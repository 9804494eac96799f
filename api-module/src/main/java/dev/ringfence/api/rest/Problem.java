package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * An error as RFC 9457 has it. The end of {@code type} is stable: clients may act on it.
 *
 * @param slug the end of the type
 * @param title the same for every problem of the type
 * @param detail what happened here and what to do; empty for none
 */
public record Problem(int status, String slug, String title, String detail) {
    /** The media type of problem details. */
    public static final String MEDIA_TYPE = "application/problem+json";

    /** As JSON. */
    public ObjectNode json() {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("type", "/problems/" + slug)
                .put("title", title)
                .put("status", status);
        return detail.isEmpty() ? json : json.put("detail", detail);
    }

    /** As a response. */
    public Response response() {
        return Response.status(status)
                .type(MEDIA_TYPE)
                .entity(json().toString())
                .build();
    }

    /** As a response that asks to come again. */
    public Response response(Duration retryAfter) {
        return response(retryAfter, json -> {});
    }

    /** As a response that asks to come again, with members of its type's own. */
    public Response response(Duration retryAfter, Consumer<ObjectNode> members) {
        var json = json();
        members.accept(json);
        return Response.status(status)
                .type(MEDIA_TYPE)
                .header("Retry-After", Math.max(1, retryAfter.plusMillis(999).toSeconds()))
                .entity(json.toString())
                .build();
    }

    /** As a response with all that is wrong with a request. */
    public Response response(List<String> errors) {
        var json = json();
        var array = json.putArray("errors");
        errors.forEach(array::add);
        return Response.status(status).type(MEDIA_TYPE).entity(json.toString()).build();
    }
}
