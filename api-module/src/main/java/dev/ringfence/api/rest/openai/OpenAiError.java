package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.JobView;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An error as OpenAI's clients know it.
 *
 * @param type the family, by which clients choose an exception together with the status
 * @param param the parameter that is to blame, if one is
 * @param code a stable word
 * @param retry whether the same request may succeed later
 * @param retryAfter when, if that is known
 */
record OpenAiError(
        int status,
        String type,
        @Nullable String param,
        String code,
        String message,
        boolean retry,
        @Nullable Duration retryAfter) {
    static OpenAiError invalid(@Nullable String param, String code, String message) {
        return new OpenAiError(400, "invalid_request_error", param, code, message, false, null);
    }

    static OpenAiError notFound(String param, String code, String message) {
        return new OpenAiError(404, "invalid_request_error", param, code, message, false, null);
    }

    /** A model that is in the catalog and that this service cannot run. */
    static OpenAiError unavailable(String type, String message) {
        return server(503, type.replace('-', '_'), message, false, null);
    }

    private static OpenAiError server(int status, String code, String message, boolean retry, @Nullable Duration when) {
        return new OpenAiError(status, "server_error", null, code, message, retry, when);
    }

    ObjectNode json() {
        var json = JsonNodeFactory.instance.objectNode();
        error(json.putObject("error"));
        return json;
    }

    private void error(ObjectNode error) {
        error.put("message", message).put("type", type);
        if (param == null) {
            error.putNull("param");
        } else {
            error.put("param", param);
        }
        error.put("code", code);
    }

    /**
     * What an end other than completion means to the client.
     *
     * @param failure what the job's work said, in full; the job itself may have kept less
     */
    static OpenAiError of(JobView job, Optional<String> failure, ModelCalls.Call call) {
        var error = job.error();
        var type = error == null ? "internal" : error.type();
        var message = failure.orElse(error == null ? "the job ended without a result" : error.message());
        var code = type.replace('-', '_');
        var result = job.result();
        return switch (type) {
            case "unknown-model", "model-not-allowed" -> notFound("model", "model_not_found", message);
            case "too-many-vectors" -> invalid(call.operation().prompt(), "too_many_vectors", message);
            case "prompt-too-long" ->
                invalid(call.params().apply(call.operation().prompt()), "context_length_exceeded", message);
            case "invalid-request", "invalid-arguments" -> invalid(parameter(result, call), "invalid_request", message);
            case "provider-not-supported", "models-disabled", "engine-missing", "model-file-not-found" ->
                server(503, code, message, false, null);
            case "model-load-failed", "remote-unavailable", "saturated", "shutting-down", "draining" ->
                server(503, code, message, true, retryAfter(result));
            case "tokens-exhausted" ->
                new OpenAiError(429, "rate_limit_exceeded", null, code, message, true, retryAfter(result));
            case "deadline-exceeded" -> server(504, code, message, false, null);
            case "engine-crashed", "resource-limit-exceeded" -> server(500, code, message, true, retryAfter(result));
            default -> server(500, code, message, false, null);
        };
    }

    private static @Nullable String parameter(@Nullable JsonNode result, ModelCalls.Call call) {
        return result == null || !result.path("parameter").isTextual()
                ? null
                : call.params().apply(result.path("parameter").textValue());
    }

    /** At least a second, which is what the header can say. */
    private static Duration retryAfter(@Nullable JsonNode result) {
        var milliseconds = result == null ? 0 : result.path("retry_after_ms").asDouble(0);
        return Duration.ofSeconds(Math.max(1, (long) Math.ceil(milliseconds / 1000)));
    }
}
