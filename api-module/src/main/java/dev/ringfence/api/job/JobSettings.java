package dev.ringfence.api.job;

import java.time.Duration;
import java.util.Map;

/**
 * What the pipeline may hold.
 *
 * @param concurrency jobs whose work is under way at the same time
 * @param queue jobs that may wait for that
 * @param queueOfAgent jobs of one agent that may wait for that, unless its grants say otherwise
 * @param memoryBudget bytes of the heap that the arguments of the jobs that wait or run may take; half of that those of
 *     one agent, unless it is a single job
 * @param concurrencyOf how many jobs of a capability may have their work under way; others have no limit of their own
 * @param retained ended jobs that can still be asked for
 * @param retainedBytes bytes of the heap that those may take
 * @param defaultDeadline for submissions that name none
 * @param eventBuffer bytes of output of each job that can be read again
 */
public record JobSettings(
        int concurrency,
        int queue,
        int queueOfAgent,
        long memoryBudget,
        Map<String, Integer> concurrencyOf,
        int retained,
        long retainedBytes,
        Duration defaultDeadline,
        int eventBuffer) {
    static final Duration SHORTEST = Duration.ofMillis(1);
    static final Duration LONGEST = Duration.ofDays(1);

    public JobSettings {
        atLeastOne("ringfence.jobs.concurrency", concurrency);
        atLeastOne("ringfence.jobs.queue", queue);
        atLeastOne("ringfence.jobs.queue-of-agent", queueOfAgent);
        atLeastOne("ringfence.jobs.memory-budget", memoryBudget);
        atLeastOne("ringfence.jobs.retained", retained);
        concurrencyOf = Map.copyOf(concurrencyOf);
        concurrencyOf.forEach((capability, limit) -> atLeastOne("ringfence.jobs.concurrency-of." + capability, limit));
        if (!possible(defaultDeadline)) {
            throw new IllegalArgumentException("ringfence.jobs.default-deadline is " + defaultDeadline + "; from "
                    + SHORTEST.toMillis() + " ms to " + LONGEST.toHours() + " h is possible");
        }
    }

    /** Whether a job can have this deadline. */
    static boolean possible(Duration deadline) {
        return deadline.compareTo(SHORTEST) >= 0 && deadline.compareTo(LONGEST) <= 0;
    }

    private static void atLeastOne(String key, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(key + " is " + value + "; it must be at least 1");
        }
    }
}
