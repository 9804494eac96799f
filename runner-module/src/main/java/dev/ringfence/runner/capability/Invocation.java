package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.LimitHit;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
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

    /** The shortest of a time, the deadline, and what the profile allows. */
    Duration limit(Duration asked) {
        return Collections.min(List.of(asked, deadline, profile.processLimits().maxExecutionTime()));
    }

    /** The profile's limit, if that is the one that ended the work. */
    Optional<LimitHit> timeLimitHit(Duration limit, Duration observed) {
        return limit.equals(profile.processLimits().maxExecutionTime())
                ? Optional.of(LimitHit.executionTime(limit, observed))
                : Optional.empty();
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
