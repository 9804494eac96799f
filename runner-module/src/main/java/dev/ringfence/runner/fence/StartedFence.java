package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.JobCgroup;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.ProcessResult;
import dev.ringfence.runner.process.RunningProcess;
import io.smallrye.mutiny.Uni;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A fence that stands. */
final class StartedFence implements FencedProcess {
    /** A shell's way to say that a program ended by a signal; bubblewrap says it the same way. */
    private static final int SIGNAL_BASE = 128;

    private static final int SIGXFSZ = 25;

    private final RunningProcess process;
    private final FenceSupervisor supervisor;
    private final FencePlan plan;
    private final FencedCommand command;

    StartedFence(RunningProcess process, FenceSupervisor supervisor, FencePlan plan, FencedCommand command) {
        this.process = process;
        this.supervisor = supervisor;
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
        return new FencedResult(end, result.stdout(), result.stderr(), result.usage(), limitsHit(end), plan.report());
    }

    private boolean outOfMemory() {
        return supervisor.readings().map(JobCgroup.Readings::outOfMemory).orElse(false);
    }

    private List<String> limitsHit(ProcessEnd end) {
        var limits = new ArrayList<String>();
        if (outOfMemory()) {
            limits.add("resources.max_memory_mb");
        }
        if (supervisor.readings().map(JobCgroup.Readings::outOfTasks).orElse(false)) {
            limits.add("process_limits.max_child_processes");
        }
        if (end.equals(new ProcessEnd.Exited(SIGNAL_BASE + SIGXFSZ))) {
            limits.add("filesystem.max_file_size_mb");
        }
        if (end instanceof ProcessEnd.TimedOut(var limit)
                && limit.equals(command.profile().processLimits().maxExecutionTime())) {
            limits.add("process_limits.max_execution_time_seconds");
        }
        return limits;
    }
}
