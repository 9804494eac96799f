package dev.ringfence.runner.capability;

import java.util.List;

/** The arguments of an invocation are wrong; nothing was started. Mend them and ask again. */
public final class InvalidArguments extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> violations;

    public InvalidArguments(List<String> violations) {
        super(String.join("; ", violations));
        this.violations = List.copyOf(violations);
    }

    /** One sentence each, with the place (a JSON pointer), the value given and the limit. */
    List<String> violations() {
        return violations;
    }
}
