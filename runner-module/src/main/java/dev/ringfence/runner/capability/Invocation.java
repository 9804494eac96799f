package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.SandboxProfile;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * One call of a capability.
 *
 * @param jobId names the job's fence
 * @param agent who asks
 * @param arguments checked against the capability's schema
 * @param profile what the job may use
 * @param deadline from the start of the work to its end
 * @param outputs where output goes that is too much for the result
 * @param session that the job belongs to, if it does
 */
public record Invocation(
        String jobId,
        String agent,
        JsonNode arguments,
        SandboxProfile profile,
        Duration deadline,
        OutputFiles outputs,
        Optional<String> session) {
    public Invocation {
        Objects.requireNonNull(jobId);
        Objects.requireNonNull(agent);
        Objects.requireNonNull(arguments);
        Objects.requireNonNull(profile);
        Objects.requireNonNull(deadline);
        Objects.requireNonNull(outputs);
        Objects.requireNonNull(session);
    }

    /** A call of a job without a session. */
    public Invocation(
            String jobId,
            String agent,
            JsonNode arguments,
            SandboxProfile profile,
            Duration deadline,
            OutputFiles outputs) {
        this(jobId, agent, arguments, profile, deadline, outputs, Optional.empty());
    }

    /** A call whose output beyond what the result shows is not kept. */
    public Invocation(String jobId, String agent, JsonNode arguments, SandboxProfile profile, Duration deadline) {
        this(jobId, agent, arguments, profile, deadline, OutputFiles.NONE);
    }
}
