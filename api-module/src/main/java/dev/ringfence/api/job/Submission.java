package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Optional;

/**
 * What a caller asks for.
 *
 * @param profile the sandbox profile's name; empty for the catalog's default
 * @param deadline from the start of the work to its end; empty for the service's default
 * @param idempotencyKey the same key with the same request gives the same job
 * @param attendance who stays on the line, if anyone does
 */
public record Submission(
        String agent,
        String capability,
        JsonNode arguments,
        Optional<String> profile,
        Optional<Duration> deadline,
        Optional<String> idempotencyKey,
        Optional<Attendance> attendance) {
    /** One that nobody attends. */
    public Submission(
            String agent,
            String capability,
            JsonNode arguments,
            Optional<String> profile,
            Optional<Duration> deadline,
            Optional<String> idempotencyKey) {
        this(agent, capability, arguments, profile, deadline, idempotencyKey, Optional.empty());
    }
}
