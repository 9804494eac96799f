package dev.ringfence.runner.process;

/** A program could not be started or watched; nothing of it is left running. */
public final class ProcessException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ProcessException(String message, Throwable cause) {
        super(message, cause);
    }
}
