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
        concurrencyOf = Map.copyOf(concurrencyOf);
        if (Math.min(Math.min(concurrency, queue), Math.min(queueOfAgent, retained)) < 1
                || memoryBudget < 1
                || concurrencyOf.values().stream().anyMatch(limit -> limit < 1)
                || !possible(defaultDeadline)) {
            throw new IllegalArgumentException("not possible: concurrency " + concurrency + " and " + concurrencyOf
                    + ", queue " + queue + ", of an agent " + queueOfAgent + ", retained " + retained
                    + ", memory budget " + memoryBudget + ", deadline " + defaultDeadline);
        }
    }

    /** Whether a job can have this deadline. */
    static boolean possible(Duration deadline) {
        return deadline.compareTo(SHORTEST) >= 0 && deadline.compareTo(LONGEST) <= 0;
    }
}
