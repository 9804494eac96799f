package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.egress.JobEgress;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.ProcessResult;
import dev.ringfence.runner.process.RunningProcess;
import io.smallrye.mutiny.Uni;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** A fence that stands. */
final class StartedFence implements FencedProcess {
    private final RunningProcess process;
    private final FenceSupervisor supervisor;
    private final Optional<JobEgress> proxy;
    private final FencePlan plan;
    private final FencedCommand command;

    StartedFence(
            RunningProcess process,
            FenceSupervisor supervisor,
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
        return supervisor.inner();
    }

    @Override
    public Path root() {
        return Path.of("/proc", Integer.toString(supervisor.inner()), "root");
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

    private FencedResult result(ProcessResult result) {
        var end = result.end();
        if (end instanceof ProcessEnd.Exited || end instanceof ProcessEnd.Signalled) {
            var code = FenceSupervisor.exitCode(result.status());
            if (code.isPresent()) {
                end = new ProcessEnd.Exited(code.getAsInt());
            } else if (!outOfMemory()) {
                throw new FenceException.Broken("the fence broke before the program ran: "
                        + new String(result.stderr().bytes(), StandardCharsets.UTF_8).strip());
            }
        }
        var network = proxy.map(JobEgress::usage);
        var limits = LimitsHit.of(command, plan, supervisor, end, result.usage());
        network.flatMap(LimitsHit::of).ifPresent(limits::add);
        return new FencedResult(end, result.stdout(), result.stderr(), result.usage(), network, limits, plan.report());
    }

    private boolean outOfMemory() {
        return supervisor.readings().map(readings -> readings.memoryKills() > 0).orElse(false);
    }
}
