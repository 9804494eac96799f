package dev.ringfence.api.job;

import dev.ringfence.runner.telemetry.Guard;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A job was not admitted; nothing of it is kept. One subclass for each reaction a caller can have. */
public abstract sealed class AdmissionException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String slug;
    private final @Nullable Duration retryAfter;

    private AdmissionException(String slug, String message, @Nullable Duration retryAfter) {
        super(message);
        this.slug = slug;
        this.retryAfter = retryAfter;
    }

    /** The service is about to stop; what it has acknowledged waits for its next start. */
    static Unavailable draining() {
        return new Unavailable(
                "draining",
                "the service is about to stop; ask another one, or this one after its restart",
                Duration.ofSeconds(1));
    }

    /** The stable end of the problem's type. */
    public final String slug() {
        return slug;
    }

    /** When to try again; empty where nothing but another request helps. There is one whenever room is what is missing. */
    public final Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /** The request names what is not there, or a value that is not allowed; mend it. */
    public static final class Invalid extends AdmissionException {
        private static final long serialVersionUID = 1L;

        public Invalid(String slug, String message) {
            super(slug, message, null);
        }
    }

    /** The agent is not granted what it asks for; ask the operator, or for something else. */
    public static final class NotGranted extends AdmissionException {
        private static final long serialVersionUID = 1L;

        NotGranted(String message) {
            super("not-granted", message, null);
        }
    }

    /** The key was used for another request; use a new key. */
    public static final class KeyReused extends AdmissionException {
        private static final long serialVersionUID = 1L;

        KeyReused(String message) {
            super("idempotency-key-reused", message, null);
        }
    }

    /** The agent has used up what it may ask for; try again after a while. */
    public static final class TooMany extends AdmissionException {
        private static final long serialVersionUID = 1L;

        public TooMany(String slug, String message, Duration retryAfter) {
            super(slug, message, retryAfter);
        }
    }

    /** What the request names is in a state that does not allow it; look at it, and decide anew. */
    public static final class Conflict extends AdmissionException {
        private static final long serialVersionUID = 1L;

        public Conflict(String slug, String message) {
            super(slug, message, null);
        }
    }

    /** No room, or about to stop; try again after a while. */
    public static final class Unavailable extends AdmissionException {
        private static final long serialVersionUID = 1L;

        public Unavailable(String slug, String message, Duration retryAfter) {
            super(slug, message, retryAfter);
        }
    }

    /** The host is too busy; try again after a while. */
    public static final class Guarded extends AdmissionException {
        private static final long serialVersionUID = 1L;

        @SuppressWarnings("serial") // never sent anywhere
        private final Guard.Refusal refusal;

        Guarded(Guard.Refusal refusal) {
            super("guard", refusal.message(), refusal.retryAfter());
            this.refusal = refusal;
        }

        public Guard.Refusal refusal() {
            return refusal;
        }
    }
}
