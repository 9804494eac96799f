package dev.ringfence.api;

/** The service cannot start; the message says why and what to do, and is all that an operator needs. */
public final class StartupFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StartupFailure(String message) {
        super(message);
    }

    StartupFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
