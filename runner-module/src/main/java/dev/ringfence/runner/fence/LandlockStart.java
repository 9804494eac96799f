package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.CallDecider;
import dev.ringfence.runner.process.Confinement;
import dev.ringfence.runner.process.FileChanges;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.Landlock;
import dev.ringfence.runner.process.PinnedFile;
import dev.ringfence.runner.process.ProcessRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Prepares the start of a program by a thread that confines itself. */
record LandlockStart(
        FenceSettings settings,
        Host host,
        FencePlan plan,
        TierPlan.Landlocked tier,
        FencedCommand command,
        Belongings belongings,
        JobMark mark) {

    FencedStart prepare() {
        command.workplace().bindings().forEach(binding -> passable(binding.host()));
        if (tier.workRights() != 0) {
            makeDirectory();
        }
        if (plan.watch().diskBytes() > 0) {
            var written = new ArrayList<>(tier.writable());
            belongings.directory.map(JobDirectory::path).ifPresent(written::add);
            belongings.disk = Optional.of(new DiskUse(written, new TemporaryFiles(0), plan.maxFileBytes()));
        }
        var tasks = tier.threads().isPresent()
                ? Optional.of(new TaskLimit(tier.threads().getAsInt(), mark))
                : Optional.<TaskLimit>empty();
        var supervisor = new LandlockSupervisor(new JobLimits(plan, belongings, mark, tasks), belongings);
        var confinement =
                new Confinement(Optional.of(landlock()), belongings.user, tier.groups(), plan.filter(), decider(tasks));
        var own = belongings.directory.map(JobDirectory::path).orElse(Path.of("/"));
        var request = new ProcessRequest(
                command.name(),
                Path.of(command.argv().getFirst()),
                command.argv(),
                environment(own),
                command.workplace().directory().orElse(own),
                command.input(),
                List.of(),
                false,
                command.effectiveDeadline(),
                settings.grace(),
                command.capture(),
                Optional.of(confinement));
        return new FencedStart(request, supervisor);
    }

    private CallDecider decider(Optional<TaskLimit> tasks) {
        var starts = tasks.<CallDecider>map(limit -> limit).orElse(CallDecider.REFUSE);
        var files = new FileChanges(this::changeable, belongings.user);
        var connects = belongings
                .proxy
                .<CallDecider>map(proxy -> new NetworkCalls(proxy, false))
                .orElse(CallDecider.REFUSE);
        int connect = host.architecture().orElseThrow().number("connect");
        return call -> {
            if (FileChanges.decides(call)) {
                files.decide(call);
            } else {
                (call.number() == connect ? connects : starts).decide(call);
            }
        };
    }

    /** Where it may make and remove files: below what it was given for that, which itself stays as it is. */
    private boolean changeable(Path file) {
        return belongings
                        .directory
                        .map(JobDirectory::path)
                        .filter(own -> DiskUse.isBelow(file, own))
                        .isPresent()
                || tier.rules().stream()
                        .filter(rule -> (rule.rights() & FileRights.TRUNCATE) != 0)
                        .anyMatch(rule -> DiskUse.isBelow(file, rule.path())
                                || (file.equals(rule.path()) && (rule.rights() & FileRights.MAKE_FILE) == 0));
    }

    private void makeDirectory() {
        var scratch = settings.scratchDirectory();
        try {
            if (Files.notExists(scratch)) {
                JobDirectory.prepare(scratch, host.root());
            }
            var directory = JobDirectory.create(scratch, command.name(), belongings.user.orElse(0));
            belongings.directory = Optional.of(directory);
            belongings.until(directory::remove);
        } catch (IOException e) {
            throw new FenceException.Broken(
                    "no directory for a job could be made in " + scratch + ": " + e.getMessage()
                            + "; set ringfence.fence.scratch to one that the service may write to",
                    e);
        }
    }

    /** The program is of another user than what lies around the directory: it must be let through. */
    private void passable(Path directory) {
        if (belongings.user.isEmpty()) {
            return;
        }
        Optional<Path> closed;
        try {
            closed = PathRules.closedAncestor(directory);
        } catch (IOException e) {
            throw new FenceException.Broken(
                    "what lies above " + directory + " cannot be looked at: " + e.getMessage(), e);
        }
        if (closed.isPresent()) {
            throw new FenceException.Broken(directory + " is where the job works, and its user cannot pass "
                    + closed.get() + "; let it with chmod o+x " + closed.get()
                    + ", or put the data directory elsewhere");
        }
    }

    private Landlock landlock() {
        var landlock = Landlock.handling(tier.handledFiles(), tier.handledNetwork(), tier.scopes());
        try {
            for (var rule : tier.rules()) {
                allow(landlock, rule.path(), rule.rights());
            }
            for (var node : belongings.devices) {
                allow(landlock, node, FileRights.DEVICE & tier.handledFiles());
            }
            if (belongings.directory.isPresent()) {
                allow(landlock, belongings.directory.get().path(), tier.workRights());
            }
            return landlock;
        } catch (IOException e) {
            landlock.close();
            throw new FenceException.Broken("a rule of the fence could not be made: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            landlock.close();
            throw e;
        }
    }

    /** The plan's paths hold no links; one that does by now was put there since. */
    private static void allow(Landlock landlock, Path path, long rights) throws IOException {
        try (var file = PinnedFile.withoutLinks(path)) {
            landlock.allow(file, rights);
        }
    }

    /** There is no /tmp of the job's own: what would be there is in its directory. */
    private Map<String, String> environment(Path directory) {
        var environment = new LinkedHashMap<>(plan.network().environment());
        environment.putAll(command.environment());
        if (belongings.directory.isPresent()) {
            environment.put("TMPDIR", directory.toString());
            environment.computeIfPresent("HOME", (name, home) -> home.equals("/tmp") ? directory.toString() : home);
        }
        return environment;
    }
}
