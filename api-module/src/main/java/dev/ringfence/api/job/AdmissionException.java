package dev.ringfence.api.job;

import dev.ringfence.runner.telemetry.Guard;
import java.time.Duration;

/** A job was not admitted; nothing of it is kept. One subclass for each reaction a caller can have. */
public abstract sealed class AdmissionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private AdmissionException(String message) {
        super(message);
    }

    /** The service is about to stop; what it has acknowledged waits for its next start. */
    static Unavailable draining() {
        return new Unavailable(
                "draining",
                "the service is about to stop; ask another one, or this one after its restart",
                Duration.ofSeconds(1));
    }

    /** The request names what is not there, or a value that is not allowed; mend it. */
    public static final class Invalid extends AdmissionException {
        private static final long serialVersionUID = 1L;
        private final String slug;

        /**
         * @param slug the stable end of the problem's type
         */
        public Invalid(String slug, String message) {
            super(message);
            this.slug = slug;
        }

        public String slug() {
            return slug;
        }
    }

    /** The agent is not granted what it asks for; ask the operator, or for something else. */
    public static final class NotGranted extends AdmissionException {
        private static final long serialVersionUID = 1L;

        NotGranted(String message) {
            super(message);
        }
    }

    /** The key was used for another request; use a new key. */
    public static final class KeyReused extends AdmissionException {
        private static final long serialVersionUID = 1L;

        KeyReused(String message) {
            super(message);
        }
    }

    /** The agent has used up what it may ask for; try again after a while. */
    public static final class TooMany extends AdmissionException {
        private static final long serialVersionUID = 1L;
        private final String slug;
        private final Duration retryAfter;

        /** @param slug the stable end of the problem's type */
        public TooMany(String slug, String message, Duration retryAfter) {
            super(message);
            this.slug = slug;
            this.retryAfter = retryAfter;
        }

        public String slug() {
            return slug;
        }

        public Duration retryAfter() {
            return retryAfter;
        }
    }

    /** What the request names is in a state that does not allow it; look at it, and decide anew. */
    public static final class Conflict extends AdmissionException {
        private static final long serialVersionUID = 1L;
        private final String slug;

        /** @param slug the stable end of the problem's type */
        public Conflict(String slug, String message) {
            super(message);
            this.slug = slug;
        }

        public String slug() {
            return slug;
        }
    }

    /** No room, or about to stop; try again after a while. */
    public static final class Unavailable extends AdmissionException {
        private static final long serialVersionUID = 1L;
        private final String slug;
        private final Duration retryAfter;

        /**
         * @param slug the stable end of the problem's type
         */
        public Unavailable(String slug, String message, Duration retryAfter) {
            super(message);
            this.slug = slug;
            this.retryAfter = retryAfter;
        }

        public String slug() {
            return slug;
        }

        public Duration retryAfter() {
            return retryAfter;
        }
    }

    /** The host is too busy; try again after a while. */
    public static final class Guarded extends AdmissionException {
        private static final long serialVersionUID = 1L;

        @SuppressWarnings("serial") // never sent anywhere
        private final Guard.Refusal refusal;

        Guarded(Guard.Refusal refusal) {
            super(refusal.message());
            this.refusal = refusal;
        }

        public Guard.Refusal refusal() {
            return refusal;
        }
    }
}
