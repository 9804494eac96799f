package dev.ringfence.runner.fence.egress;

import java.time.Duration;

/**
 * What keeps one job's proxy small.
 *
 * @param connections of one job at the same time; one more is answered 503
 * @param headBytes of one request's head
 * @param head until a request's head must be there
 * @param connect for a name to be resolved, and again for the destination to be connected to
 * @param idle until a connection over which nothing moves is closed
 * @param refusals how many are told one by one; more are only counted
 */
public record EgressLimits(
        int connections, int headBytes, Duration head, Duration connect, Duration idle, int refusals) {
    /** For the service. */
    public static final EgressLimits DEFAULT =
            new EgressLimits(64, 32 * 1024, Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMinutes(5), 100);
}
