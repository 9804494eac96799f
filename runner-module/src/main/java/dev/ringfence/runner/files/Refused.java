package dev.ringfence.runner.files;

/**
 * What was asked was not done, and nothing was changed; the message says what to mend. The refusal of all capabilities:
 * of those that work on files, of git's, of the end of a process, and of what is undone. The one exception is a change
 * that is done and may not survive a loss of power: there the message says so.
 */
public final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String type;

    /**
     * @param type a stable slug, such as {@code path-refused}
     */
    public Refused(String type, String message) {
        super(message);
        this.type = type;
    }

    Refused(String type, String message, Throwable cause) {
        super(message, cause);
        this.type = type;
    }

    /** A stable slug, such as {@code path-refused}. */
    public String type() {
        return type;
    }
}
