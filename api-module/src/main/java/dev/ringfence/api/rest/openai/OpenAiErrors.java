package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ringfence.api.rest.Addresses;
import dev.ringfence.api.rest.Problem;
import dev.ringfence.runner.openai.InvalidParameter;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/** Errors below {@code /v1} in the form that OpenAI's clients read, those of the whole service included. */
public class OpenAiErrors {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final String SHOULD_RETRY = "X-Should-Retry";
    private static final Duration LONGEST_SLEEP = Duration.ofMinutes(1);
    private static final String PATH = "/v1/";
    private static final Addresses ADDRESSES = Addresses.of(List.of(OpenAiResource.class));

    /** Clients ask for JSON also when they want a stream; which of the two comes is said by the request's body. */
    @ServerRequestFilter(preMatching = true)
    public void acceptAnything(ContainerRequestContext request) {
        if (request.getUriInfo().getPath().startsWith(PATH)) {
            request.getHeaders().putSingle("Accept", "*/*");
        }
    }

    @ServerRequestFilter(preMatching = true)
    public Optional<Response> options(ContainerRequestContext request) {
        return ADDRESSES.options(request);
    }

    @ServerExceptionMapper
    public Response invalid(InvalidParameter error) {
        return response(OpenAiError.invalid(error.param(), error.code(), String.valueOf(error.getMessage())));
    }

    @ServerExceptionMapper
    public Response failed(RequestFailed error) {
        var response = response(error.error());
        error.jobId().ifPresent(id -> {
            response.getHeaders().putSingle("X-Job-Id", id);
            response.getHeaders().putSingle("X-Request-Id", id);
        });
        return response;
    }

    private static Response response(OpenAiError error) {
        var response = Response.status(error.status())
                .type("application/json")
                .entity(error.json().toString());
        if (error.retryAfter() != null) {
            response.header("Retry-After", error.retryAfter().toSeconds());
        }
        if (error.status() >= 500 && !error.retry()) {
            // The clients would try such a status again by themselves.
            response.header(SHOULD_RETRY, "false");
        }
        return response.build();
    }

    /** Some clients sleep for as long as they are told to, be it a day, and nobody hears why. */
    @ServerResponseFilter
    public void doNotSleepForLong(ContainerRequestContext request, ContainerResponseContext response) {
        var after = response.getHeaders().getFirst(HttpHeaders.RETRY_AFTER);
        if (after != null
                && request.getUriInfo().getPath().startsWith(PATH)
                && Long.parseLong(after.toString()) > LONGEST_SLEEP.toSeconds()) {
            response.getHeaders().putSingle(SHOULD_RETRY, "false");
        }
    }

    /** A problem of the service, such as a full disk, in this form. */
    @ServerResponseFilter
    public void translate(ContainerRequestContext request, ContainerResponseContext response) {
        if (request.getUriInfo().getPath().startsWith(PATH)
                && response.getEntity() instanceof String entity
                && response.getMediaType() != null
                && response.getMediaType().toString().startsWith(Problem.MEDIA_TYPE)) {
            response.setEntity(Problem.openAiForm(parse(entity)).toString());
            response.getHeaders().putSingle("Content-Type", "application/json");
            if (response.getStatus() == METHOD_NOT_ALLOWED) {
                var methods = ADDRESSES.methods(request.getUriInfo().getPath());
                response.getHeaders().putSingle(HttpHeaders.ALLOW, String.join(", ", methods));
            }
        }
    }

    private static JsonNode parse(String problem) {
        try {
            return JSON.readTree(problem);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a problem that is no JSON", e);
        }
    }
}
