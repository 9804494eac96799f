package dev.ringfence.runner.fence.seccomp;

import java.util.List;

/** A profile's list of allowed system calls cannot be used; the profile has to be corrected. */
public final class UnusableSyscallList extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    UnusableSyscallList(List<String> problems) {
        super(String.join("; ", problems));
        this.problems = List.copyOf(problems);
    }

    /** At least one, each with what to do. */
    public List<String> problems() {
        return problems;
    }
}
