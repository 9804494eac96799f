package dev.ringfence.runner.fence;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.cgroup.Cgroups;
import dev.ringfence.runner.fence.cgroup.JobCgroup;
import dev.ringfence.runner.fence.egress.Egress;
import dev.ringfence.runner.fence.egress.EgressLimits;
import dev.ringfence.runner.fence.egress.EgressPolicy;
import dev.ringfence.runner.fence.egress.JobEgress;
import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.Orphans;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEngine;
import dev.ringfence.runner.process.ProcessEntry;
import dev.ringfence.runner.process.ProcessException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The fences of this host, which the kernel enforces; a service has one of these. Each start makes a fence of its own, of
 * the best tier that works on this host, or of the one that its profile wants.
 *
 * <p>Thread-safe. {@link #start} blocks for the few milliseconds that a fence takes.
 */
public final class HostFences implements Fences, AutoCloseable {
    private static final Logger LOG = Logger.getLogger(HostFences.class);
    private static final Duration SWEEP = Duration.ofSeconds(10);

    /** Where all services of a host can make files, and no job can. */
    private static final Path LOCKS = Path.of("/tmp");

    private final FenceSettings settings;
    private final Host host;
    private final Optional<Cgroups> cgroups;
    private final JobUsers users;
    private final List<TierStatus> tiers;
    private final Gpus gpus = new Gpus(LOCKS);
    private final Egress egress = new Egress(EgressLimits.DEFAULT);

    /** Another beginning in each life, so that a job's mark is not one of an earlier life's. */
    private final AtomicInteger jobs =
            new AtomicInteger(ThreadLocalRandom.current().nextInt());

    /** The names of the fences that stand, by the marks of their processes. */
    private final Map<JobMark, String> standing = new ConcurrentHashMap<>();

    private @Nullable Orphans orphans;

    private HostFences(FenceSettings settings, Host host, Optional<Cgroups> cgroups, List<TierStatus> tiers) {
        this.settings = settings;
        this.host = host;
        this.cgroups = cgroups;
        this.users = new JobUsers(settings.firstUser(), FenceSettings.USERS);
        this.tiers = List.copyOf(tiers);
    }

    /** Looks at what this host offers, and tries each tier with a program that does nothing. Blocks. */
    public static HostFences on(FenceSettings settings) {
        return on(settings, Cgroups.find(settings.instance()));
    }

    /** The same with the control groups that are given. */
    static HostFences on(FenceSettings settings, Optional<Cgroups> cgroups) {
        return on(settings, cgroups, Path.of("/dev"));
    }

    /** The same with the device nodes of a directory. */
    static HostFences on(FenceSettings settings, Optional<Cgroups> cgroups, Path devices) {
        var probed = Host.probe(settings, cgroups, devices);
        var checks = new TierCheck(probed).run(tier -> tryOut(settings, probed, cgroups, tier));
        var missing = new EnumMap<FenceTier, String>(FenceTier.class);
        for (var status : checks) {
            if (!status.available()) {
                missing.put(status.tier(), status.reason() + "; " + status.remedy());
            }
        }
        return new HostFences(settings, probed.without(missing), cgroups, checks);
    }

    /** What each tier needs, whether it works here, and why not; the stronger first. */
    public List<TierStatus> tiers() {
        return tiers;
    }

    /**
     * Ends whatever an earlier life of this service left running, and returns when it is gone; what its jobs wrote is
     * removed. From then on, until these fences are closed, what jobs leave behind is waited for. Called before any start.
     *
     * @return how many processes had to be ended
     * @throws FenceException.Broken when some of it would not end, or jobs could not be given directories
     */
    public synchronized int sweep() {
        try {
            if (orphans == null) {
                orphans = Orphans.adopt();
            }
            cgroups.ifPresent(Cgroups::seal);
            int ended = Census.end(settings.instance(), SWEEP);
            cgroups.ifPresent(Cgroups::sweep);
            if (Files.exists(settings.scratchDirectory())) {
                JobDirectory.prepare(settings.scratchDirectory(), host.root());
                JobDirectory.sweep(settings.scratchDirectory());
            }
            return ended;
        } catch (ProcessException e) {
            throw new FenceException.Broken(
                    "what an earlier run left behind could not be ended: " + e.getMessage()
                            + "; end it by hand, or stop the container or unit, and start again",
                    e);
        } catch (UncheckedIOException | IOException e) {
            throw new FenceException.Broken("what an earlier run left behind could not be ended: " + e.getMessage(), e);
        }
    }

    /**
     * What a fence for a profile would enforce, without building it.
     *
     * @throws FenceException.Refused when this host cannot enforce it
     */
    public FenceReport report(SandboxProfile profile) {
        return FencePlanner.plan(host, doingNothing("report", profile)).report();
    }

    @Override
    public Optional<FenceReport> rehearse(SandboxProfile profile) {
        return Optional.of(report(profile));
    }

    @Override
    public boolean ownTree(SandboxProfile profile) {
        return host.tierFor(profile) == FenceTier.NAMESPACES;
    }

    @Override
    public FencedProcess start(FencedCommand command, OutputListener listener) {
        var plan = FencePlanner.plan(host, command);
        for (var path : command.readOnly()) {
            if (!Files.exists(path)) {
                throw new FenceException.Broken(
                        path + " is needed inside the fence and does not exist; install it, or change the"
                                + " setting that names it");
            }
        }
        var belongings = new Belongings();
        FencedStart start;
        try {
            if (host.root()) {
                belongings.user = OptionalInt.of(command.workplace().user().orElseGet(() -> lend(belongings)));
            }
            belongings.group = group(command, plan);
            belongings.group.ifPresent(group -> belongings.until(group::remove));
            plan.gpus().ifPresent(found -> {
                var lease = belongings.until(gpus.lend(found.units()));
                belongings.devices = found.with(lease);
            });
            belongings.proxy = plan.network().egress().map(policy -> belongings.until(open(command, policy, listener)));
            var mark = JobMark.of(settings.instance(), jobs.incrementAndGet());
            standing.put(mark, command.name());
            belongings.until(() -> standing.remove(mark));
            start = switch (plan.tier()) {
                case TierPlan.Namespaces namespaces ->
                    new NamespacesStart(settings, host, plan, namespaces, command, belongings, mark).prepare();
                case TierPlan.Landlocked landlocked ->
                    new LandlockStart(settings, host, plan, landlocked, command, belongings, mark).prepare();
            };
        } catch (RuntimeException | Error e) {
            belongings.close();
            throw e;
        }
        // From here on the supervisor gives everything back, however it ends.
        try {
            var process = ProcessEngine.start(start.request(), start.supervisor(), listener);
            return new StartedFence(process, start.supervisor(), belongings.proxy, plan, command);
        } catch (ProcessException e) {
            throw new FenceException.Broken("the fence could not be built: " + e.getMessage(), e);
        }
    }

    /**
     * Made if it is not there. It can be listed by the service alone. What is still in it when the service ends is removed
     * by the next {@link #sweep}.
     */
    @Override
    public synchronized Path scratch() throws IOException {
        var scratch = settings.scratchDirectory();
        if (Files.notExists(scratch)) {
            JobDirectory.prepare(scratch, host.root());
        }
        return scratch.toRealPath();
    }

    /** The fences that stand, each with the processes in it: those that carry its mark, and no others. */
    public List<FencedTree> running() {
        var trees = new ArrayList<FencedTree>();
        standing.forEach((mark, name) -> trees.add(new FencedTree(name, Census.members(mark))));
        return trees;
    }

    /** The processor time of all processes in fences. */
    public Duration processorTime() {
        try {
            return running().stream()
                    .flatMap(tree -> tree.processes().stream())
                    .map(ProcessEntry::cpu)
                    .reduce(Duration.ZERO, Duration::plus);
        } catch (ProcessException e) {
            LOG.debugf("the processor time of the jobs is not known: %s", e.getMessage());
            return Duration.ZERO;
        }
    }

    /** Removes what the fences share on the host; all programs must have ended. */
    @Override
    public synchronized void close() {
        if (orphans != null) {
            orphans.close();
        }
        egress.close();
        cgroups.ifPresent(Cgroups::close);
        try {
            // Only when it is empty: what is left in it is for the next start to remove.
            Files.deleteIfExists(settings.scratchDirectory());
        } catch (IOException e) {
            LOG.debugf("%s stays: %s", settings.scratchDirectory(), e.getMessage());
        }
    }

    /** Why a tier does not work, in the words of what failed; empty when it does. */
    private static Optional<String> tryOut(
            FenceSettings settings, Host host, Optional<Cgroups> cgroups, FenceTier tier) {
        var trial = new HostFences(settings, host, cgroups, List.of());
        try {
            var result = trial.start(doingNothing("probe", TierCheck.PROFILE.inTier(tier)), OutputListener.NONE)
                    .result()
                    .await()
                    .atMost(SWEEP);
            return TierCheck.failure(result);
        } catch (RuntimeException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } finally {
            trial.egress.close();
        }
    }

    private static FencedCommand doingNothing(String name, SandboxProfile profile) {
        return new FencedCommand(
                name,
                profile,
                List.of("/bin/true"),
                Map.of(),
                new byte[0],
                List.of(),
                0,
                profile.processLimits().maxExecutionTime(),
                4096);
    }

    private int lend(Belongings belongings) {
        int user = users.take();
        belongings.until(() -> users.giveBack(user));
        return user;
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

    private Optional<JobCgroup> group(FencedCommand command, FencePlan plan) {
        try {
            return cgroups.map(found -> found.create(command.name(), plan.limits()));
        } catch (UncheckedIOException e) {
            throw new FenceException.Broken(String.valueOf(e.getMessage()), e);
        }
    }
}
