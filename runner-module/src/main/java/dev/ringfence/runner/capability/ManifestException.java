package dev.ringfence.runner.capability;

import java.util.List;

/** A manifest says something that cannot be; all of it is told, each with file, line and key. */
public final class ManifestException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> errors;

    public ManifestException(List<String> errors) {
        super(String.join("\n", errors));
        this.errors = List.copyOf(errors);
    }

    /** Each as {@code file:line: key: what is wrong}. */
    public List<String> errors() {
        return errors;
    }
}
