package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a job. Times and durations are kept to the millisecond. The JSON in an event is not copied
 * and not to be changed once the event exists.
 */
public sealed interface JobEvent {
    String jobId();

    Instant at();

    /** The name of the kind of event, as it stands in the journal: {@code submitted}, {@code timed_out}, … */
    String type();

    /**
     * The job was accepted.
     *
     * @param agent who asked
     * @param profile the name of the sandbox profile
     * @param deadline from the start of the work to its end
     * @param idempotencyKey the caller's, if there was one
     */
    record Submitted(
            String jobId,
            Instant at,
            String agent,
            String capability,
            JsonNode arguments,
            String profile,
            Duration deadline,
            @Nullable String idempotencyKey)
            implements JobEvent {
        public Submitted {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(agent);
            Objects.requireNonNull(capability);
            Objects.requireNonNull(arguments);
            Objects.requireNonNull(profile);
            deadline = deadline.truncatedTo(ChronoUnit.MILLIS);
        }

        @Override
        public String type() {
            return "submitted";
        }
    }

    /** The job's work is about to have effects. */
    record Started(String jobId, Instant at) implements JobEvent {
        public Started {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
        }

        @Override
        public String type() {
            return "started";
        }
    }

    /** The work was done. */
    record Completed(String jobId, Instant at, JsonNode data) implements JobEvent {
        public Completed {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(data);
        }

        @Override
        public String type() {
            return "completed";
        }
    }

    /**
     * The work could not be done.
     *
     * @param reason a stable slug, such as {@code model-file-not-found}
     */
    record Failed(String jobId, Instant at, String reason, String message, JsonNode data) implements JobEvent {
        public Failed {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(reason);
            Objects.requireNonNull(message);
            Objects.requireNonNull(data);
        }

        @Override
        public String type() {
            return "failed";
        }
    }

    /** The deadline passed; nothing of the work is left. */
    record TimedOut(String jobId, Instant at, Duration limit, JsonNode data) implements JobEvent {
        public TimedOut {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            limit = limit.truncatedTo(ChronoUnit.MILLIS);
            Objects.requireNonNull(data);
        }

        @Override
        public String type() {
            return "timed_out";
        }
    }

    /** Someone ended the job; nothing of the work is left. */
    record Cancelled(String jobId, Instant at, String reason, JsonNode data) implements JobEvent {
        public Cancelled {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(reason);
            Objects.requireNonNull(data);
        }

        @Override
        public String type() {
            return "cancelled";
        }
    }

    /** The service ended while the work was under way; what the work had done by then is not known. */
    record Interrupted(String jobId, Instant at, String reason) implements JobEvent {
        public Interrupted {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(reason);
        }

        @Override
        public String type() {
            return "interrupted";
        }
    }

    private static Instant toMillis(Instant at) {
        return at.truncatedTo(ChronoUnit.MILLIS);
    }
}
