package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.egress.JobEgress;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import dev.ringfence.runner.process.Confinement;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.ProcessRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Prepares the start of a program in namespaces. */
record NamespacesStart(
        FenceSettings settings, Host host, FencePlan plan, FencedCommand command, Belongings belongings, JobMark mark) {

    FencedStart prepare() {
        var supervisor = new NamespacesSupervisor(new JobLimits(plan, belongings, mark, Optional.empty()), belongings);
        // The seccomp program is the only one.
        int status = ProcessRequest.statusDescriptor(1);
        int gate = ProcessRequest.gateDescriptor(1);
        var argv = Bubblewrap.argv(
                "ringfence:" + settings.instance() + ":" + command.name(),
                plan,
                host.root(),
                belongings.user.orElse(0),
                command,
                status,
                gate);
        var request = new ProcessRequest(
                command.name(),
                host.bubblewrap().orElseThrow(),
                argv,
                Map.of(),
                Path.of("/"),
                command.input(),
                List.of(plan.filter()),
                true,
                command.effectiveDeadline(),
                settings.grace(),
                command.capture(),
                belongings.proxy.map(this::confinement));
        return new FencedStart(request, supervisor);
    }

    /** Bubblewrap itself keeps its rights; only its connections, and with them the job's, are asked about. */
    private Confinement confinement(JobEgress proxy) {
        var architecture = host.architecture().orElseThrow();
        return new Confinement(
                Optional.empty(),
                OptionalInt.empty(),
                true,
                SeccompFilter.asking(architecture, Set.of("connect")).program(),
                new NetworkCalls(proxy, true));
    }
}
