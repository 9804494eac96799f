package dev.ringfence.runner.fence;

import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.FencePlan.Mount;
import dev.ringfence.runner.fence.cgroup.Cgroups;
import dev.ringfence.runner.fence.cgroup.JobCgroup;
import dev.ringfence.runner.fence.egress.Egress;
import dev.ringfence.runner.fence.egress.EgressLimits;
import dev.ringfence.runner.fence.egress.EgressPolicy;
import dev.ringfence.runner.fence.egress.JobEgress;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import dev.ringfence.runner.process.Confinement;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.PinnedFile;
import dev.ringfence.runner.process.ProcessEngine;
import dev.ringfence.runner.process.ProcessException;
import dev.ringfence.runner.process.ProcessRequest;
import dev.ringfence.runner.process.Strays;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Runs programs in fences that the kernel enforces. Each start makes a fence of its own: namespaces by bubblewrap, a
 * seccomp filter, a control group, limits of the process, and a user of its own when the service is root.
 *
 * <p>Thread-safe. {@link #start} blocks for the few milliseconds that a fence takes.
 */
public final class Fence implements AutoCloseable {
    private static final Duration SWEEP = Duration.ofSeconds(10);

    private final FenceSettings settings;
    private final Host host;
    private final Optional<Cgroups> cgroups;
    private final JobUsers users;
    private final Egress egress = new Egress(EgressLimits.DEFAULT);

    private Fence(FenceSettings settings, Host host, Optional<Cgroups> cgroups) {
        this.settings = settings;
        this.host = host;
        this.cgroups = cgroups;
        this.users = new JobUsers(settings.firstUser(), FenceSettings.USERS);
    }

    /** Looks at what this host offers. Builds nothing yet. */
    public static Fence on(FenceSettings settings) {
        var cgroups = Cgroups.find(settings.instance());
        return new Fence(settings, Host.probe(settings, cgroups), cgroups);
    }

    /**
     * Ends whatever an earlier life of this service left running, and returns when it is gone.
     *
     * @return how many processes had to be ended
     * @throws FenceException.Broken when some of it would not end
     */
    public int sweep() {
        try {
            int ended = Strays.end(name -> name.startsWith(namePrefix()), SWEEP);
            cgroups.ifPresent(Cgroups::sweep);
            return ended;
        } catch (ProcessException | UncheckedIOException e) {
            throw new FenceException.Broken("what an earlier run left behind could not be ended: " + e.getMessage(), e);
        }
    }

    /**
     * What a fence for a profile would enforce, without building it.
     *
     * @throws FenceException.Refused when this host cannot enforce it
     */
    public FenceReport report(SandboxProfile profile) {
        return FencePlanner.plan(
                        host,
                        new FencedCommand(
                                "report",
                                profile,
                                List.of("/bin/true"),
                                Map.of(),
                                new byte[0],
                                List.of(),
                                0,
                                profile.processLimits().maxExecutionTime(),
                                0))
                .report();
    }

    /**
     * Starts a program in a fence and returns when the fence stands and the program may run.
     *
     * @param listener hears the output; see {@link OutputListener} for what it may do
     * @throws FenceException.Refused when the host cannot enforce the profile
     * @throws FenceException.Broken when the fence failed
     */
    public FencedProcess start(FencedCommand command, OutputListener listener) {
        var plan = FencePlanner.plan(host, command);
        for (var path : command.readOnly()) {
            if (!Files.exists(path)) {
                throw new FenceException.Broken(path + " is needed inside the fence and does not exist");
            }
        }
        var lent = new Lent();
        FenceSupervisor supervisor;
        Optional<JobEgress> proxy;
        ProcessRequest request;
        try {
            int user = host.root() ? users.take() : 0;
            if (host.root()) {
                lent.until(() -> users.giveBack(user));
            }
            proxy = plan.network().egress().map(policy -> lent.until(open(command, policy, listener)));
            request = request(command, plan, user, proxy, hold(plan, lent));
            supervisor = new FenceSupervisor(plan, group(command, plan), lent);
        } catch (RuntimeException e) {
            lent.close();
            throw e;
        }
        // From here on the supervisor gives back what was lent, however it ends.
        try {
            var process = ProcessEngine.start(request, supervisor, listener);
            return new StartedFence(process, supervisor, proxy, plan, command);
        } catch (ProcessException e) {
            throw new FenceException.Broken("the fence could not be built: " + e.getMessage(), e);
        }
    }

    /** Removes what the fences share on the host; all programs must have ended. */
    @Override
    public void close() {
        egress.close();
        cgroups.ifPresent(Cgroups::close);
    }

    private Optional<JobCgroup> group(FencedCommand command, FencePlan plan) {
        try {
            return cgroups.map(found -> found.create(command.name(), plan.limits()));
        } catch (UncheckedIOException e) {
            throw new FenceException.Broken(String.valueOf(e.getMessage()), e);
        }
    }

    private JobEgress open(FencedCommand command, EgressPolicy policy, OutputListener listener) {
        try {
            return egress.open(
                    command.name(),
                    policy,
                    refusal -> listener.noticed(
                            "network: " + refusal.destination() + " refused: " + refusal.reason() + "\n"));
        } catch (UncheckedIOException e) {
            throw new FenceException.Broken(String.valueOf(e.getMessage()), e);
        }
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

    /** What is given is held, so that nobody can put something else in its place before it is mounted. */
    private static List<PinnedFile> hold(FencePlan plan, Lent lent) {
        var held = new ArrayList<PinnedFile>();
        for (var mount : plan.mounts()) {
            if (mount instanceof Mount.Given(Path path, Path real, boolean _)) {
                try {
                    held.add(lent.until(PinnedFile.withoutLinks(real)));
                } catch (IOException e) {
                    throw new FenceException.Broken(path + " was exchanged while the fence was being built", e);
                }
            }
        }
        return held;
    }

    private ProcessRequest request(
            FencedCommand command, FencePlan plan, int user, Optional<JobEgress> proxy, List<PinnedFile> given) {
        var bubblewrap = host.bubblewrap().orElseThrow();
        // The seccomp program, and what is given.
        int status = ProcessRequest.statusDescriptor(1 + given.size());
        int gate = ProcessRequest.gateDescriptor(1 + given.size());
        return new ProcessRequest(
                command.name(),
                bubblewrap,
                Bubblewrap.argv(namePrefix() + command.name(), plan, host.root(), user, command, status, gate),
                Map.of(),
                Path.of("/"),
                command.input(),
                List.of(plan.filter()),
                given,
                true,
                command.effectiveDeadline(),
                settings.grace(),
                command.capture(),
                proxy.map(this::confinement));
    }

    private String namePrefix() {
        return "ringfence:" + settings.instance() + ":";
    }
}
