package dev.ringfence.api.rest;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.access.Caller;
import dev.ringfence.api.job.Submission;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/**
 * The body of a submission. Read by hand: every mistake in it is told at once, each with its place.
 */
@Schema(name = "SubmitJob", description = "A job to run")
record SubmitRequest(
        @Schema(
                required = true,
                description = "What to invoke, as GET /api/v1/capabilities lists them",
                examples = "ShellExec")
        String capability,

        @Schema(
                required = true,
                implementation = Object.class,
                description = "The capability's arguments",
                examples = "{\"cmd\":\"echo hello\"}")
        JsonNode arguments,

        @Schema(description = "A sandbox profile of the catalog; the catalog's default without it")
        Optional<String> profile,

        @Schema(
                name = "deadline_seconds",
                description = "From the start of the work to its end; fractions are allowed",
                examples = "30")
        Optional<Double> deadlineSeconds,

        @Schema(description = "Who asks", examples = "code_generator")
        Optional<String> agent) {
    private static final Set<String> FIELDS = Set.of("capability", "arguments", "profile", "deadline_seconds", "agent");
    private static final int LONGEST_NAME = 200;

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static {
        MAPPER.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(100).build());
    }

    static SubmitRequest parse(byte[] body) {
        var json = read(body);
        var errors = new ArrayList<String>();
        if (!json.isObject()) {
            throw new BadRequest("invalid-request", List.of("the body must be a JSON object, not " + kind(json)));
        }
        for (var field : json.properties()) {
            if (!FIELDS.contains(field.getKey())) {
                errors.add("/" + field.getKey() + ": there is no such field; there are "
                        + FIELDS.stream().sorted().toList());
            }
        }
        var capability = text(json, "capability", errors);
        if (capability.isEmpty() && !json.has("capability")) {
            errors.add("/capability: it is missing; GET /api/v1/capabilities lists what there is");
        }
        var arguments = json.get("arguments");
        if (arguments == null) {
            errors.add("/arguments: they are missing; give {} when the capability takes none");
        } else if (!arguments.isObject()) {
            errors.add("/arguments: they must be an object, not " + kind(arguments));
        }
        var profile = text(json, "profile", errors);
        var agent = text(json, "agent", errors);
        var deadline = deadline(json, errors);
        if (!errors.isEmpty() || arguments == null) {
            throw new BadRequest("invalid-request", errors);
        }
        return new SubmitRequest(capability.orElse(""), arguments, profile, deadline, agent);
    }

    /**
     * @throws AccessException.Forbidden when the caller asks in the name of another agent
     */
    Submission submission(Caller caller, Optional<String> idempotencyKey) {
        return new Submission(
                agentOf(caller),
                capability,
                arguments,
                profile,
                deadlineSeconds.map(seconds -> Duration.ofMillis(Math.round(seconds * 1000))),
                idempotencyKey);
    }

    private String agentOf(Caller caller) {
        var own = caller.agent();
        if (own.isPresent() && agent.isPresent() && !caller.admin() && !agent.equals(own)) {
            throw new AccessException.Forbidden(
                    "/agent is \"" + agent.get() + "\", and the key is of \"" + own.get() + "\": leave the field out");
        }
        return agent.or(() -> own).orElse("anonymous");
    }

    private static JsonNode read(byte[] body) {
        try {
            return MAPPER.readTree(body);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            throw new BadRequest(
                    "malformed-json",
                    List.of("the body is not JSON: "
                            + (at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": ")
                            + e.getOriginalMessage()));
        } catch (IOException e) {
            throw new BadRequest("malformed-json", List.of("the body cannot be read: " + e.getMessage()));
        }
    }

    private static Optional<String> text(JsonNode json, String field, List<String> errors) {
        var value = json.get(field);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            errors.add("/" + field + ": it must be a string, not " + kind(value));
        } else if (value.textValue().isBlank() || value.textValue().length() > LONGEST_NAME) {
            errors.add("/" + field + ": it must have 1 to " + LONGEST_NAME + " characters, and has "
                    + value.textValue().length());
        } else if (value.textValue().chars().anyMatch(Character::isISOControl)) {
            errors.add("/" + field + ": it holds a control character");
        } else {
            return Optional.of(value.textValue());
        }
        return Optional.empty();
    }

    private static Optional<Double> deadline(JsonNode json, List<String> errors) {
        var value = json.get("deadline_seconds");
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isNumber() || value.doubleValue() < 0.001 || value.doubleValue() > 86_400) {
            errors.add("/deadline_seconds: it must be a number from 0.001 to 86400, not " + value);
            return Optional.empty();
        }
        return Optional.of(value.doubleValue());
    }

    private static String kind(JsonNode json) {
        return json.isMissingNode() ? "empty" : json.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
    }
}
