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
 * @param priority among its agent's waiting jobs, from {@link #LEAST_PRIORITY} to {@link #MOST_PRIORITY}; the higher goes
 *     first
 * @param webhook the name of what hears of the end, if something does
 * @param retryOf the ended job whose request this repeats, if it does
 * @param attendance who stays on the line, if anyone does
 * @param by the name of the credential that was used, if one was; never a secret
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
        int priority,
        Optional<String> webhook,
        Optional<String> retryOf,
        Optional<Attendance> attendance,
        Optional<String> by) {
    public static final int LEAST_PRIORITY = -10;
    public static final int MOST_PRIORITY = 10;

    /** Of no session, with work that is begun once, and that nobody attends. */
    public Submission(
            String agent,
            String capability,
            JsonNode arguments,
            Optional<String> profile,
            Optional<Duration> deadline,
            Optional<String> idempotencyKey) {
        this(
                agent,
                Optional.empty(),
                capability,
                arguments,
                profile,
                Optional.empty(),
                deadline,
                idempotencyKey,
                0,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /**
     * The same request once more, as a new job.
     *
     * @throws AdmissionException.Conflict when the job has not ended, or has completed
     */
    public static Submission repeating(JobView job, Optional<String> idempotencyKey, Optional<String> by) {
        if (!job.state().ended() || job.state() == JobView.State.COMPLETED) {
            throw new AdmissionException.Conflict(
                    "not-retryable",
                    "job " + job.id() + " is " + job.state().word()
                            + "; what is interrupted, failed, timed_out or cancelled can be retried");
        }
        var submission = job.submission();
        return new Submission(
                submission.agent(),
                Optional.ofNullable(submission.session()),
                submission.capability(),
                submission.arguments(),
                Optional.of(submission.profile()),
                Optional.ofNullable(submission.tier()).flatMap(FenceTier::named),
                Optional.of(submission.deadline()),
                idempotencyKey,
                submission.retries(),
                submission.priority(),
                Optional.ofNullable(submission.webhook()),
                Optional.of(job.id()),
                Optional.empty(),
                by);
    }
}
