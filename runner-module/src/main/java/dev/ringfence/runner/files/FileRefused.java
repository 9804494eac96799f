package dev.ringfence.runner.files;

/**
 * A file was not read or changed, and nothing else was; the message says what to mend. The one exception is a change
 * that is done and may not survive a loss of power: there the message says so.
 */
public final class FileRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String type;

    /**
     * @param type a stable slug, such as {@code path-refused}
     */
    public FileRefused(String type, String message) {
        super(message);
        this.type = type;
    }

    FileRefused(String type, String message, Throwable cause) {
        super(message, cause);
        this.type = type;
    }

    /** A stable slug, such as {@code path-refused}. */
    public String type() {
        return type;
    }
}
