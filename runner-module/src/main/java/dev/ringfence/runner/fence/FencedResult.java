package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.egress.EgressUsage;
import dev.ringfence.runner.process.CapturedOutput;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Usage;
import java.util.List;
import java.util.Optional;

/**
 * How a fenced program ended, after nothing of its tree was left.
 *
 * @param end never {@code Signalled}: a program that a signal ended is told as one that exited with 128 and its number, as
 *     shells do
 * @param network what went through the proxy of a program whose network is restricted; empty for any other
 * @param limitsHit the limits that the program ran into, as far as the kernel tells
 */
public record FencedResult(
        ProcessEnd end,
        CapturedOutput stdout,
        CapturedOutput stderr,
        Usage usage,
        Optional<EgressUsage> network,
        List<LimitHit> limitsHit,
        FenceReport report) {
    public FencedResult {
        limitsHit = List.copyOf(limitsHit);
    }
}
