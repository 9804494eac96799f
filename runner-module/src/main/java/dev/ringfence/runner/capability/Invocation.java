package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.SandboxProfile;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What is to be done.
 *
 * @param agent who asks
 * @param arguments as the capability's schema wants them
 * @param profile what the work may use
 * @param deadline from the start of the work to its end
 * @param session that the job belongs to, if it does
 */
public record Invocation(
        String jobId,
        String agent,
        JsonNode arguments,
        SandboxProfile profile,
        Duration deadline,
        Optional<String> session) {
    public Invocation {
        Objects.requireNonNull(jobId);
        Objects.requireNonNull(agent);
        Objects.requireNonNull(arguments);
        Objects.requireNonNull(profile);
        Objects.requireNonNull(deadline);
        Objects.requireNonNull(session);
    }

    /** Of a job without a session. */
    public Invocation(String jobId, String agent, JsonNode arguments, SandboxProfile profile, Duration deadline) {
        this(jobId, agent, arguments, profile, deadline, Optional.empty());
    }
}
