package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.FenceTier;
import java.time.Duration;
import java.util.Optional;

/**
 * What a caller asks for; made with {@link #of}.
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

    /** Of no session, with work that is begun once, and that nobody attends; all else is the default. */
    public static Builder of(String agent, String capability, JsonNode arguments) {
        return new Builder(agent, capability, arguments);
    }

    /**
     * The same request once more, as a new job.
     *
     * @throws AdmissionException.Conflict when the job has not ended, has completed, or its arguments were not kept
     */
    public static Submission repeating(JobView job, Optional<String> idempotencyKey, Optional<String> by) {
        if (!job.state().ended() || job.state() == JobView.State.COMPLETED) {
            throw new AdmissionException.Conflict(
                    "not-retryable",
                    "job " + job.id() + " is " + job.state().word()
                            + "; what is interrupted, failed, timed_out or cancelled can be retried");
        }
        var submission = job.submission();
        if (submission.arguments().valueStream().anyMatch(Kept::isDigest)) {
            throw new AdmissionException.Conflict(
                    "not-retryable",
                    "of job " + job.id() + "'s arguments only hashes were kept (ringfence.journal.prompts); send the"
                            + " request itself again");
        }
        return of(submission.agent(), submission.capability(), submission.arguments())
                .session(Optional.ofNullable(submission.session()))
                .profile(Optional.of(submission.profile()))
                .tier(Optional.ofNullable(submission.tier()).flatMap(FenceTier::named))
                .deadline(Optional.of(submission.deadline()))
                .idempotencyKey(idempotencyKey)
                .retries(submission.retries())
                .priority(submission.priority())
                .webhook(Optional.ofNullable(submission.webhook()))
                .retryOf(job.id())
                .by(by)
                .build();
    }

    /** What is asked beside the work itself, by name. Not for several threads. */
    public static final class Builder {
        private final String agent;
        private final String capability;
        private final JsonNode arguments;
        private Optional<String> session = Optional.empty();
        private Optional<String> profile = Optional.empty();
        private Optional<FenceTier> tier = Optional.empty();
        private Optional<Duration> deadline = Optional.empty();
        private Optional<String> idempotencyKey = Optional.empty();
        private int retries;
        private int priority;
        private Optional<String> webhook = Optional.empty();
        private Optional<String> retryOf = Optional.empty();
        private Optional<Attendance> attendance = Optional.empty();
        private Optional<String> by = Optional.empty();

        private Builder(String agent, String capability, JsonNode arguments) {
            this.agent = agent;
            this.capability = capability;
            this.arguments = arguments;
        }

        public Builder session(Optional<String> name) {
            session = name;
            return this;
        }

        public Builder profile(Optional<String> name) {
            profile = name;
            return this;
        }

        public Builder tier(Optional<FenceTier> least) {
            tier = least;
            return this;
        }

        public Builder deadline(Optional<Duration> time) {
            deadline = time;
            return this;
        }

        public Builder idempotencyKey(Optional<String> key) {
            idempotencyKey = key;
            return this;
        }

        public Builder retries(int most) {
            retries = most;
            return this;
        }

        public Builder priority(int amongOwn) {
            priority = amongOwn;
            return this;
        }

        public Builder webhook(Optional<String> name) {
            webhook = name;
            return this;
        }

        Builder retryOf(String jobId) {
            retryOf = Optional.of(jobId);
            return this;
        }

        public Builder attendedBy(Attendance caller) {
            attendance = Optional.of(caller);
            return this;
        }

        public Builder by(Optional<String> credential) {
            by = credential;
            return this;
        }

        public Submission build() {
            return new Submission(
                    agent,
                    session,
                    capability,
                    arguments,
                    profile,
                    tier,
                    deadline,
                    idempotencyKey,
                    retries,
                    priority,
                    webhook,
                    retryOf,
                    attendance,
                    by);
        }
    }
}
