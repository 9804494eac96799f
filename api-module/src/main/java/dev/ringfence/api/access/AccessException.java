package dev.ringfence.api.access;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A caller could not be told, or may not. One subclass for each reaction a caller can have. */
public abstract sealed class AccessException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private AccessException(String message) {
        super(message);
    }

    private AccessException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** No credential, or one that does not hold; send another. */
    public static final class Unauthenticated extends AccessException {
        private static final long serialVersionUID = 1L;

        Unauthenticated(String message) {
            super(message);
        }
    }

    /** The caller is known and may not do this; ask the operator. */
    public static final class Forbidden extends AccessException {
        private static final long serialVersionUID = 1L;

        public Forbidden(String message) {
            super(message);
        }
    }

    /** What proves callers cannot be looked at now; come again later, the operator may have to mend it. */
    public static final class Unavailable extends AccessException {
        private static final long serialVersionUID = 1L;

        private final Duration retryAfter;

        Unavailable(String message, @Nullable Throwable cause, Duration retryAfter) {
            super(message, cause);
            this.retryAfter = retryAfter;
        }

        /** When it is worth to come again. */
        public Duration retryAfter() {
            return retryAfter;
        }
    }
}
