package dev.ringfence.runner.fence;

import java.util.List;

/**
 * What was asked of a fence and by which means each part is enforced.
 *
 * @param tier how strong the fence is, such as {@code namespaces}
 * @param entries one for each field of the sandbox profile, in its order
 */
public record FenceReport(String tier, List<Entry> entries) {
    public FenceReport {
        entries = List.copyOf(entries);
    }

    /**
     * One line of the report.
     *
     * @param field the profile's key, such as {@code resources.max_memory_mb}
     * @param asked the profile's value
     * @param means what enforces it, such as {@code cgroup v1 memory.limit_in_bytes}
     * @param value the value that the kernel was given
     */
    public record Entry(String field, String asked, String means, String value) {}
}
