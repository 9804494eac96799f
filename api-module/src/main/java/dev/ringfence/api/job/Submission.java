package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.FenceTier;
import java.time.Duration;
import java.util.Optional;

/**
 * What a caller asks for.
 *
 * @param session what the job belongs to, if it belongs to one
 * @param profile the sandbox profile's name; empty for the catalog's default
 * @param tier the fence that it demands: no weaker than the profile's
 * @param deadline from the start of the work to its end; empty for the service's default
 * @param idempotencyKey the same key with the same request gives the same job
 * @param retries how often the work may be begun again when the service ended while it was under way
 * @param attendance who stays on the line, if anyone does
 */
public record Submission(
        String agent,
        Optional<String> session,
        String capability,
        JsonNode arguments,
        Optional<String> profile,
        Optional<FenceTier> tier,
        Optional<Duration> deadline,
        Optional<String> idempotencyKey,
        int retries,
        Optional<Attendance> attendance) {
    /** That demands no tier beside the profile's. */
    public Submission(
            String agent,
            Optional<String> session,
            String capability,
            JsonNode arguments,
            Optional<String> profile,
            Optional<Duration> deadline,
            Optional<String> idempotencyKey,
            int retries,
            Optional<Attendance> attendance) {
        this(
                agent,
                session,
                capability,
                arguments,
                profile,
                Optional.empty(),
                deadline,
                idempotencyKey,
                retries,
                attendance);
    }

    /** Of no session, with work that is begun once, and that nobody attends. */
    public Submission(
            String agent,
            String capability,
            JsonNode arguments,
            Optional<String> profile,
            Optional<Duration> deadline,
            Optional<String> idempotencyKey) {
        this(agent, Optional.empty(), capability, arguments, profile, deadline, idempotencyKey, 0, Optional.empty());
    }
}
