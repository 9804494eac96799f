package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.access.Caller;
import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.job.Submission;
import dev.ringfence.catalog.FenceTier;
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
public record SubmitRequest(
        @Schema(
                required = true,
                description = "What to invoke, as GET /api/v1/capabilities lists them",
                examples = "ShellExec")
        String capability,

        @Schema(
                required = true,
                implementation = Object.class,
                description = "The capability's arguments",
                examples = "{\"argv\":[\"echo\",\"hello\"]}")
        JsonNode arguments,

        @Schema(description = "A sandbox profile of the catalog; the catalog's default without it")
        Optional<String> profile,

        @Schema(
                description =
                        "The fence that the job demands, no weaker than its profile's; refused when this host cannot build"
                                + " it. GET /api/v1/fence says which can",
                implementation = String.class,
                enumeration = {"namespaces", "landlock"})
        Optional<FenceTier> tier,

        @Schema(
                name = "deadline_seconds",
                description =
                        "From the start of the work to its end; fractions are allowed. Without it: the time that the arguments ask"
                                + " for, as timeout of ShellExec does; else the capability's own; else the service's default",
                examples = "30")
        Optional<Double> deadlineSeconds,

        @Schema(description = "Who asks", examples = "code_generator")
        Optional<String> agent,

        @Schema(description = "What the job belongs to, such as a conversation", examples = "chat-42")
        Optional<String> session,

        @Schema(
                description =
                        "How often the work may be begun again when the service ended while it was under way, 0 to"
                                + " 10; only for capabilities that are repeatable. Without it such a job is interrupted",
                examples = "1")
        int retries,

        @Schema(
                description = "Among the agent's own waiting jobs, -10 to 10: the higher goes first. 0 without it",
                examples = "5")
        int priority,

        @Schema(
                description = "The name of a webhook that hears of the job's end; the operator configures them",
                examples = "operations")
        Optional<String> webhook) {
    private static final Set<String> FIELDS = Set.of(
            "capability",
            "arguments",
            "profile",
            "tier",
            "deadline_seconds",
            "agent",
            "session",
            "retries",
            "priority",
            "webhook");
    private static final int MOST_RETRIES = 10;
    private static final int LONGEST_NAME = 200;

    /**
     * What someone on this host asks for, who has to prove nothing, from JSON as in a body.
     *
     * @throws AdmissionException.Invalid when it cannot be understood
     */
    public static Submission local(byte[] request) {
        try {
            return parse(JsonBody.parse(request, "the body")).submission(Caller.OPEN, Optional.empty());
        } catch (BadRequest e) {
            throw new AdmissionException.Invalid(e.slug(), String.valueOf(e.getMessage()));
        }
    }

    static SubmitRequest parse(ObjectNode json) {
        var errors = new ArrayList<String>();
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
            errors.add("/arguments: they must be an object, not " + JsonBody.kind(arguments));
        }
        var profile = text(json, "profile", errors);
        var tier = tier(json, errors);
        var agent = text(json, "agent", errors);
        var session = session(json, "session", errors);
        var deadline = deadline(json, errors);
        int retries = whole(json, "retries", 0, MOST_RETRIES, errors);
        int priority = whole(json, "priority", Submission.LEAST_PRIORITY, Submission.MOST_PRIORITY, errors);
        var webhook = text(json, "webhook", errors);
        if (!errors.isEmpty() || arguments == null) {
            throw new BadRequest("invalid-request", errors);
        }
        return new SubmitRequest(
                capability.orElse(""), arguments, profile, tier, deadline, agent, session, retries, priority, webhook);
    }

    /**
     * @throws AccessException.Forbidden when the caller asks in the name of another agent
     */
    Submission submission(Caller caller, Optional<String> idempotencyKey) {
        return Submission.of(caller.actingAs(agent, "/agent"), capability, arguments)
                .session(session)
                .profile(profile)
                .tier(tier)
                .deadline(deadlineSeconds.map(seconds -> Duration.ofMillis(Math.round(seconds * 1000))))
                .idempotencyKey(idempotencyKey)
                .retries(retries)
                .priority(priority)
                .webhook(webhook)
                .by(caller.credential())
                .build();
    }

    /** The name of a session, which is also a part of an address. */
    static Optional<String> session(JsonNode json, String field, List<String> errors) {
        var name = text(json, field, errors);
        if (name.isPresent() && name.get().contains("/")) {
            errors.add("/" + field + ": it holds a slash, which the name of a session must not");
        }
        return name;
    }

    static Optional<String> text(JsonNode json, String field, List<String> errors) {
        var value = json.get(field);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            errors.add("/" + field + ": it must be a string, not " + JsonBody.kind(value));
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

    private static Optional<FenceTier> tier(JsonNode json, List<String> errors) {
        var name = text(json, "tier", errors);
        var tier = name.flatMap(FenceTier::named);
        if (name.isPresent() && tier.isEmpty()) {
            errors.add("/tier: it must be one of " + FenceTier.names() + ", not \"" + name.get() + "\"");
        }
        return tier;
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

    /** Zero when it is not there. */
    private static int whole(JsonNode json, String field, int least, int most, List<String> errors) {
        var value = json.get(field);
        if (value == null) {
            return 0;
        }
        if (!value.canConvertToInt()
                || !value.isIntegralNumber()
                || value.intValue() < least
                || value.intValue() > most) {
            errors.add("/" + field + ": it must be a whole number from " + least + " to " + most + ", not " + value);
            return 0;
        }
        return value.intValue();
    }
}
