package dev.ringfence.runner.fence.egress;

import java.util.List;

/**
 * What went through one job's proxy.
 *
 * @param connections to destinations
 * @param bytesSent to destinations
 * @param bytesReceived from destinations
 * @param refused how many times a destination was refused
 * @param refusals the first of them
 */
public record EgressUsage(long connections, long bytesSent, long bytesReceived, long refused, List<Refusal> refusals) {
    public EgressUsage {
        refusals = List.copyOf(refusals);
    }
}
