package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.SandboxProfile;
import java.time.Duration;
import java.util.Objects;

/**
 * One call of a capability.
 *
 * @param jobId names the job's fence
 * @param agent who asks
 * @param arguments checked against the capability's schema
 * @param profile what the job may use
 * @param deadline from the start of the work to its end
 */
public record Invocation(String jobId, String agent, JsonNode arguments, SandboxProfile profile, Duration deadline) {
    public Invocation {
        Objects.requireNonNull(jobId);
        Objects.requireNonNull(agent);
        Objects.requireNonNull(arguments);
        Objects.requireNonNull(profile);
        Objects.requireNonNull(deadline);
    }
}
