package dev.ringfence.runner.files;

/** A file was not read or changed, and nothing else was; the message says what to mend. */
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
