package dev.ringfence.runner.fence;

import java.time.Duration;
import java.util.Objects;

/**
 * A limit that a fenced program ran into.
 *
 * @param field the profile's key, such as {@code resources.max_memory_mb}
 * @param limit what was enforced, with its unit
 * @param observed what was counted or seen that says so, with its unit
 */
public record LimitHit(String field, String limit, String observed) {
    public LimitHit {
        Objects.requireNonNull(field);
        Objects.requireNonNull(limit);
        Objects.requireNonNull(observed);
    }

    /** Of the profile's time. */
    public static LimitHit executionTime(Duration limit, Duration observed) {
        return new LimitHit(ProfileKeys.MAX_EXECUTION_TIME, limit.toMillis() + " ms", observed.toMillis() + " ms");
    }

    static LimitHit memory(long bytes, String observed) {
        return new LimitHit(ProfileKeys.MAX_MEMORY, bytes + " bytes", observed);
    }

    static LimitHit disk(long bytes, String observed) {
        return new LimitHit(ProfileKeys.MAX_DISK, bytes + " bytes", observed);
    }

    /** Of processes and threads, the fence's own among them. */
    static LimitHit tasks(long most, String observed) {
        return new LimitHit(ProfileKeys.MAX_CHILD_PROCESSES, most + " tasks", observed);
    }

    /** Whether it is that of the memory. */
    public boolean isMemory() {
        return field.equals(ProfileKeys.MAX_MEMORY);
    }

    @Override
    public String toString() {
        return field + " (limit " + limit + ", observed " + observed + ")";
    }
}
