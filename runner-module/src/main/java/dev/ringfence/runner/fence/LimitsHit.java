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

    static List<LimitHit> of(FencedCommand command, FencePlan plan, JobAccount account, ProcessEnd end, Usage usage) {
        var hits = new ArrayList<>(account.watched());
        boolean disk = hits.stream().anyMatch(hit -> hit.field().equals(ProfileKeys.MAX_DISK));
        if (account.temporaryWasFull() && !disk) {
            hits.add(LimitHit.disk(
                    plan.tier().temporaryBytes(),
                    "temporary files took all of the room for them when they were looked at"));
        }
        long tasks = plan.limits().tasks();
        if (account.refusedTasks() > 0) {
            hits.add(LimitHit.tasks(tasks, account.refusedTasks() + " refused beyond them"));
        }
        if (account.tasksBeyond().isPresent()) {
            hits.add(LimitHit.tasks(tasks, "one more was there, and RLIMIT_NPROC lets no other begin"));
        }
        account.readings().ifPresent(readings -> {
            if (readings.memoryKills() > 0) {
                hits.add(LimitHit.memory(
                        plan.limits().memoryBytes(),
                        "peak of " + readings.peakMemoryBytes() + " bytes, " + readings.memoryKills()
                                + " killed by the kernel"));
            }
            if (readings.refusedTasks() > 0) {
                hits.add(LimitHit.tasks(tasks, readings.refusedTasks() + " refused beyond them"));
            }
        });
        fileSize(end, account)
                .ifPresent(seen ->
                        hits.add(new LimitHit(ProfileKeys.MAX_FILE_SIZE, plan.maxFileBytes() + " bytes", seen)));
        if (end.equals(new ProcessEnd.Signalled(Signals.SIGSYS))) {
            hits.add(new LimitHit(ProfileKeys.ALLOWED_SYSCALLS, "the filter", "SIGSYS"));
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
                ProfileKeys.ALLOWED_DESTINATIONS, "the listed destinations", network.refused() + " refused: " + first));
    }

    /** The signal, or what a shell or bubblewrap made of it together with a file that cannot have become larger. */
    private static Optional<String> fileSize(ProcessEnd end, JobAccount account) {
        if (end.equals(new ProcessEnd.Signalled(Signals.SIGXFSZ))) {
            return Optional.of("SIGXFSZ");
        }
        int code = Signals.exitCode(Signals.SIGXFSZ);
        return end.equals(new ProcessEnd.Exited(code)) && account.reachedLargestFile()
                ? Optional.of("exit code " + code + ", which stands for SIGXFSZ, and a new file of that size")
                : Optional.empty();
    }
}
