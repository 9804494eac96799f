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
    /** The field of the memory. */
    public static final String MEMORY = "resources.max_memory_mb";

    public LimitHit {
        Objects.requireNonNull(field);
        Objects.requireNonNull(limit);
        Objects.requireNonNull(observed);
    }

    /** Of the profile's time. */
    public static LimitHit executionTime(Duration limit, Duration observed) {
        return new LimitHit(
                "process_limits.max_execution_time_seconds", limit.toMillis() + " ms", observed.toMillis() + " ms");
    }

    @Override
    public String toString() {
        return field + " (limit " + limit + ", observed " + observed + ")";
    }
}
