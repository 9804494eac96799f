package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.egress.EgressUsage;
import dev.ringfence.runner.fence.egress.Refusal;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Signals;
import dev.ringfence.runner.process.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which limits a program ran into, as far as the kernel tells; nothing is guessed from output. Two limits show only as
 * the signal that ended the program. Where something stands between it and the service, bubblewrap or a shell, that tells
 * of the signal by an exit code, which a program may also choose: that alone is no sign of a limit.
 */
final class LimitsHit {

    /** Destinations that are told; the result's network section has more. */
    private static final int MOST_NAMED = 5;

    private LimitsHit() {}

    static List<LimitHit> of(FencedCommand command, FencePlan plan, JobLimits limits, ProcessEnd end, Usage usage) {
        var hits = new ArrayList<>(limits.hits());
        limits.readings().ifPresent(readings -> {
            if (readings.memoryKills() > 0) {
                hits.add(new LimitHit(
                        LimitHit.MEMORY,
                        plan.limits().memoryBytes() + " bytes",
                        "peak of " + readings.peakMemoryBytes() + " bytes, " + readings.memoryKills()
                                + " killed by the kernel"));
            }
            if (readings.refusedTasks() > 0) {
                hits.add(new LimitHit(
                        "process_limits.max_child_processes",
                        plan.limits().tasks() + " tasks",
                        readings.refusedTasks() + " refused beyond them"));
            }
        });
        fileSize(end, limits)
                .ifPresent(seen ->
                        hits.add(new LimitHit("filesystem.max_file_size_mb", plan.maxFileBytes() + " bytes", seen)));
        if (end.equals(new ProcessEnd.Signalled(Signals.SIGSYS))) {
            hits.add(new LimitHit("process_limits.allowed_syscalls", "the filter", "SIGSYS"));
        }
        if (end instanceof ProcessEnd.TimedOut(var limit)
                && limit.equals(command.profile().processLimits().maxExecutionTime())) {
            hits.add(LimitHit.executionTime(limit, usage.wall()));
        }
        return hits;
    }

    /** What the job's proxy refused. */
    static Optional<LimitHit> of(EgressUsage network) {
        if (network.refused() == 0) {
            return Optional.empty();
        }
        var first = network.refusals().stream()
                .map(Refusal::destination)
                .distinct()
                .limit(MOST_NAMED)
                .collect(Collectors.joining(", "));
        return Optional.of(new LimitHit(
                "network.allowed_destinations", "the listed destinations", network.refused() + " refused: " + first));
    }

    /** The signal, or what a shell or bubblewrap made of it together with a file that cannot have become larger. */
    private static Optional<String> fileSize(ProcessEnd end, JobLimits limits) {
        if (end.equals(new ProcessEnd.Signalled(Signals.SIGXFSZ))) {
            return Optional.of("SIGXFSZ");
        }
        int code = Signals.exitCode(Signals.SIGXFSZ);
        return end.equals(new ProcessEnd.Exited(code)) && limits.reachedLargestFile()
                ? Optional.of("exit code " + code + ", which stands for SIGXFSZ, and a new file of that size")
                : Optional.empty();
    }
}
