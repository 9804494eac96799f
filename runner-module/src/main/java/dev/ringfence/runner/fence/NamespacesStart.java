package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.egress.JobEgress;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import dev.ringfence.runner.process.Confinement;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.PinnedFile;
import dev.ringfence.runner.process.ProcessRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Prepares the start of a program in namespaces. */
record NamespacesStart(
        FenceSettings settings,
        Host host,
        FencePlan plan,
        TierPlan.Namespaces tier,
        FencedCommand command,
        Belongings belongings,
        JobMark mark) {

    FencedStart prepare() {
        var given = hold();
        if (!tier.writable().isEmpty()) {
            belongings.disk = Optional.of(
                    new DiskUse(tier.writable(), new TemporaryFiles(tier.temporaryBytes()), plan.maxFileBytes()));
        }
        var supervisor = new NamespacesSupervisor(new JobLimits(plan, belongings, mark, Optional.empty()), belongings);
        // The seccomp program and the environment, and what is given.
        var documents = List.of(plan.filter(), Bubblewrap.environment(plan, command));
        int status = ProcessRequest.statusDescriptor(documents.size() + given.size());
        int gate = ProcessRequest.gateDescriptor(documents.size() + given.size());
        var argv = Bubblewrap.argv(
                "ringfence:" + settings.instance() + ":" + command.name(),
                plan,
                tier,
                host.root(),
                belongings.user.orElse(0),
                belongings.devices,
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
                documents,
                given,
                true,
                command.effectiveDeadline(),
                settings.grace(),
                command.capture(),
                belongings.proxy.map(this::confinement));
        return new FencedStart(request, supervisor);
    }

    /** What is given is held, so that nobody can put something else in its place before it is mounted. */
    private List<PinnedFile> hold() {
        var held = new ArrayList<PinnedFile>();
        for (var mount : tier.mounts()) {
            if (mount instanceof TierPlan.Mount.Given(Path path, Path real, boolean _)) {
                try {
                    held.add(belongings.until(PinnedFile.withoutLinks(real)));
                } catch (IOException e) {
                    throw new FenceException.Broken(path + " was exchanged while the fence was being built", e);
                }
            }
        }
        return held;
    }

    /** Bubblewrap itself keeps its rights; only its connections, and with them the job's, are asked about. */
    private Confinement confinement(JobEgress proxy) {
        var architecture = host.architecture().orElseThrow();
        return new Confinement(
                Optional.empty(),
                OptionalInt.empty(),
                Set.of(),
                true,
                SeccompFilter.asking(architecture, Set.of("connect")).program(),
                new NetworkCalls(proxy, true));
    }
}
