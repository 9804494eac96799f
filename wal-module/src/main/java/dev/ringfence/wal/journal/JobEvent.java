package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a job. Times and durations are kept to the millisecond; the order of events is that of their
 * sequence numbers. The JSON in an event is not copied and not to be changed once the event exists.
 *
 * <p>Which event may follow which is what {@link JobFold} says.
 */
public sealed interface JobEvent extends JournalEvent {
    String jobId();

    /** Nothing of the job's work happens after it. */
    sealed interface End extends JobEvent {
        /** What the work gave, if anything is known. */
        @Nullable JsonNode data();

        /** What it gave and was too much for the event. */
        List<BlobRef> blobs();

        /** Why the work was not completed; null if it was. */
        default @Nullable Trouble trouble() {
            return switch (this) {
                case Completed _ -> null;
                case Failed e -> new Trouble(e.reason(), e.message());
                case TimedOut e ->
                    new Trouble(
                            "deadline-exceeded",
                            "the work was not done within " + e.limit().toMillis() + " ms; it was ended");
                case Cancelled e -> new Trouble("cancelled", e.reason());
                case Interrupted e -> new Trouble("interrupted", e.reason());
            };
        }
    }

    /**
     * Why a job did not complete.
     *
     * @param type a stable slug
     * @param message what happened and what to do
     */
    record Trouble(String type, String message) {}

    /** Tells something of a live job and changes nothing about where the job stands. */
    sealed interface Note extends JobEvent {}

    /**
     * The job was accepted.
     *
     * @param agent who asked
     * @param session what the job belongs to, if it belongs to one
     * @param profile the name of the sandbox profile
     * @param deadline from the start of the work to its end
     * @param idempotencyKey the caller's, if there was one
     * @param retries how often the work may be begun again after an interruption
     * @param priority among its agent's waiting jobs; the higher goes first
     * @param tier the fence that it demands beside the profile
     * @param retryOf the job whose request this one repeats, if it does
     * @param webhook the name of what hears of the end, if something does
     * @param attended whether it is done for a client alone that waits on its connection
     * @param by the name of the credential that was used, never a secret; null where nobody has to prove anything
     */
    record Submitted(
            String jobId,
            Instant at,
            String agent,
            @Nullable String session,
            String capability,
            JsonNode arguments,
            String profile,
            Duration deadline,
            @Nullable String idempotencyKey,
            int retries,
            int priority,
            @Nullable String tier,
            @Nullable String retryOf,
            @Nullable String webhook,
            boolean attended,
            @Nullable String by)
            implements JobEvent {
        public Submitted {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(agent);
            Objects.requireNonNull(capability);
            Objects.requireNonNull(arguments);
            Objects.requireNonNull(profile);
            deadline = deadline.truncatedTo(ChronoUnit.MILLIS);
            if (retries < 0) {
                throw new IllegalArgumentException("retries is " + retries + "; it must be at least 0");
            }
        }

        /** A job as urgent as most, that demands no fence beside its profile, repeats none, and whose end is told to nobody. */
        public Submitted(
                String jobId,
                Instant at,
                String agent,
                @Nullable String session,
                String capability,
                JsonNode arguments,
                String profile,
                Duration deadline,
                @Nullable String idempotencyKey,
                int retries) {
            this(
                    jobId,
                    at,
                    agent,
                    session,
                    capability,
                    arguments,
                    profile,
                    deadline,
                    idempotencyKey,
                    retries,
                    0,
                    null,
                    null,
                    null,
                    false,
                    null);
        }

        /** A job of no session, whose work is begun once. */
        public Submitted(
                String jobId,
                Instant at,
                String agent,
                String capability,
                JsonNode arguments,
                String profile,
                Duration deadline,
                @Nullable String idempotencyKey) {
            this(jobId, at, agent, null, capability, arguments, profile, deadline, idempotencyKey, 0);
        }

        @Override
        public String type() {
            return "submitted";
        }
    }

    /** The arguments were found to be what the capability asks for. */
    record Validated(String jobId, Instant at) implements Note {
        public Validated {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
        }

        @Override
        public String type() {
            return "validated";
        }
    }

    /**
     * The job's work is about to have effects.
     *
     * @param tier of the fence that it will run in, if that is known by then
     */
    record Started(String jobId, Instant at, @Nullable String tier) implements JobEvent {
        public Started {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
        }

        public Started(String jobId, Instant at) {
            this(jobId, at, null);
        }

        @Override
        public String type() {
            return "started";
        }
    }

    /** The work ran a program; {@code data} says which, and how it ended. */
    record CommandExecuted(String jobId, Instant at, JsonNode data) implements Note {
        public CommandExecuted {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(data);
        }

        @Override
        public String type() {
            return "command_executed";
        }
    }

    /**
     * The fence could not be built as the profile asks, or kept the work from something.
     *
     * @param field of the profile
     */
    record FenceDenied(String jobId, Instant at, String field, String message) implements Note {
        public FenceDenied {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(field);
            Objects.requireNonNull(message);
        }

        @Override
        public String type() {
            return "fence_denied";
        }
    }

    /** The work wanted to speak to a destination that its profile does not allow. */
    record NetworkRefused(String jobId, Instant at, String destination, String message) implements Note {
        public NetworkRefused {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(destination);
            Objects.requireNonNull(message);
        }

        @Override
        public String type() {
            return "network_refused";
        }
    }

    /**
     * The work put out more than is kept.
     *
     * @param channel such as {@code stdout}
     * @param kept bytes of it
     * @param total bytes that the work put out
     */
    record OutputTruncated(String jobId, Instant at, String channel, long kept, long total) implements Note {
        public OutputTruncated {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(channel);
        }

        @Override
        public String type() {
            return "output_truncated";
        }
    }

    /** A note of a later version, which this one does not know. Read, shown and passed over; never written. */
    record Other(String jobId, Instant at, String type, JsonNode json) implements Note {
        public Other {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(type);
            Objects.requireNonNull(json);
        }
    }

    /**
     * The work was interrupted, nothing of it is left, and it will be begun again, as the caller allowed.
     *
     * @param attempt how many beginnings there have been
     */
    record Retried(String jobId, Instant at, String reason, int attempt) implements JobEvent {
        public Retried {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(reason);
        }

        @Override
        public String type() {
            return "retried";
        }
    }

    /** The work was done. */
    record Completed(String jobId, Instant at, JsonNode data, List<BlobRef> blobs) implements End {
        public Completed {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(data);
            blobs = List.copyOf(blobs);
        }

        public Completed(String jobId, Instant at, JsonNode data) {
            this(jobId, at, data, List.of());
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
    record Failed(String jobId, Instant at, String reason, String message, JsonNode data, List<BlobRef> blobs)
            implements End {
        public Failed {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(reason);
            Objects.requireNonNull(message);
            Objects.requireNonNull(data);
            blobs = List.copyOf(blobs);
        }

        @Override
        public String type() {
            return "failed";
        }
    }

    /** The deadline passed; nothing of the work is left. */
    record TimedOut(String jobId, Instant at, Duration limit, JsonNode data, List<BlobRef> blobs) implements End {
        public TimedOut {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            limit = limit.truncatedTo(ChronoUnit.MILLIS);
            Objects.requireNonNull(data);
            blobs = List.copyOf(blobs);
        }

        @Override
        public String type() {
            return "timed_out";
        }
    }

    /** Someone ended the job; nothing of the work is left. */
    record Cancelled(String jobId, Instant at, String reason, JsonNode data, List<BlobRef> blobs) implements End {
        public Cancelled {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(reason);
            Objects.requireNonNull(data);
            blobs = List.copyOf(blobs);
        }

        public Cancelled(String jobId, Instant at, String reason, JsonNode data) {
            this(jobId, at, reason, data, List.of());
        }

        @Override
        public String type() {
            return "cancelled";
        }
    }

    /** The service ended while the work was under way; what the work had done by then is not known. */
    record Interrupted(
            String jobId,
            Instant at,
            String reason,
            @Nullable JsonNode data) implements End {
        public Interrupted {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(reason);
        }

        public Interrupted(String jobId, Instant at, String reason) {
            this(jobId, at, reason, null);
        }

        @Override
        public List<BlobRef> blobs() {
            return List.of();
        }

        @Override
        public String type() {
            return "interrupted";
        }
    }

    /**
     * What an ended job had done was undone. Comes at most once, and changes nothing about how the job ended.
     *
     * @param by the job that undid it
     * @param data what was undone
     */
    record RolledBack(String jobId, Instant at, String by, JsonNode data) implements JobEvent {
        public RolledBack {
            Objects.requireNonNull(jobId);
            at = toMillis(at);
            Objects.requireNonNull(by);
            Objects.requireNonNull(data);
        }

        @Override
        public String type() {
            return "rolled_back";
        }
    }

    private static Instant toMillis(Instant at) {
        return at.truncatedTo(ChronoUnit.MILLIS);
    }
}
