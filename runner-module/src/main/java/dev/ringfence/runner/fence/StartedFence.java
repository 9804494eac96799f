package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.egress.JobEgress;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.ProcessResult;
import dev.ringfence.runner.process.RunningProcess;
import dev.ringfence.runner.process.Signals;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.util.Optional;

/** A fence that stands, or whose program was ended before it did. */
final class StartedFence implements FencedProcess {
    private final RunningProcess process;
    private final TierSupervisor supervisor;
    private final Optional<JobEgress> proxy;
    private final FencePlan plan;
    private final FencedCommand command;

    StartedFence(
            RunningProcess process,
            TierSupervisor supervisor,
            Optional<JobEgress> proxy,
            FencePlan plan,
            FencedCommand command) {
        this.process = process;
        this.supervisor = supervisor;
        this.proxy = proxy;
        this.plan = plan;
        this.command = command;
    }

    @Override
    public long pid() {
        return supervisor.first();
    }

    @Override
    public boolean owns(int pid) {
        return supervisor.limits().owns(pid);
    }

    @Override
    public Path temporary() {
        return supervisor.temporary();
    }

    @Override
    public FenceReport report() {
        return plan.report();
    }

    @Override
    public long peakMemoryBytes() {
        return supervisor.limits().account().peakMemoryBytes();
    }

    @Override
    public void stop() {
        process.stop();
    }

    @Override
    public Uni<FencedResult> result() {
        return process.result()
                .map(this::result)
                .onFailure(failure -> !(failure instanceof FenceException))
                .transform(failure -> new FenceException.Broken("the fence failed: " + failure.getMessage(), failure));
    }

    /** One tier sees a signal itself, the other what bubblewrap made of it: the same is told in both. */
    private static ProcessEnd uniform(ProcessEnd end) {
        return end instanceof ProcessEnd.Signalled(int signal) ? new ProcessEnd.Exited(Signals.exitCode(signal)) : end;
    }

    private FencedResult result(ProcessResult result) {
        var end = supervisor.end(result);
        var limits = LimitsHit.of(command, plan, supervisor.limits().account(), end, result.usage());
        var network = proxy.map(JobEgress::usage);
        network.flatMap(LimitsHit::of).ifPresent(limits::add);
        return new FencedResult(
                uniform(end), result.stdout(), result.stderr(), result.usage(), network, limits, plan.report());
    }
}
