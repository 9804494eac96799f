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
 * of the signal by an exit code, which a program may also choose; then the code is what was observed.
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
                        "resources.max_memory_mb",
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
        endedBy(end, Signals.SIGXFSZ, "SIGXFSZ")
                .ifPresent(seen ->
                        hits.add(new LimitHit("filesystem.max_file_size_mb", plan.maxFileBytes() + " bytes", seen)));
        endedBy(end, Signals.SIGSYS, "SIGSYS")
                .ifPresent(seen -> hits.add(new LimitHit("process_limits.allowed_syscalls", "the filter", seen)));
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

    /** What was observed of a program that a signal ended; empty when none is known to have. */
    private static Optional<String> endedBy(ProcessEnd end, int signal, String name) {
        return switch (end) {
            case ProcessEnd.Signalled(int by) when by == signal -> Optional.of(name);
            case ProcessEnd.Exited(int code)
            when code == Signals.exitCode(signal) -> Optional.of("exit code " + code + ", which stands for " + name);
            case ProcessEnd.Signalled _,
                    ProcessEnd.Exited _,
                    ProcessEnd.TimedOut _,
                    ProcessEnd.InputFailed _,
                    ProcessEnd.Stopped _ -> Optional.empty();
        };
    }
}
