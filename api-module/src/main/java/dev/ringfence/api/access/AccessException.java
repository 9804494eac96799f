package dev.ringfence.api.access;

/** A caller could not be told, or may not. One subclass for each reaction a caller can have. */
public abstract sealed class AccessException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private AccessException(String message) {
        super(message);
    }

    private AccessException(String message, Throwable cause) {
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

    /** Keys cannot be read or checked now, so nobody is let in; the operator has to mend it. */
    public static final class Unavailable extends AccessException {
        private static final long serialVersionUID = 1L;

        Unavailable(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
