package dev.ringfence.api.rest;

import java.util.List;

/** A request cannot be understood; mend it. */
public final class BadRequest extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String slug;
    private final transient List<String> errors;

    BadRequest(String slug, List<String> errors) {
        super(String.join("; ", errors));
        this.slug = slug;
        this.errors = List.copyOf(errors);
    }

    String slug() {
        return slug;
    }

    List<String> errors() {
        return errors;
    }
}
