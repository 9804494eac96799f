package dev.ringfence.runner.fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.catalog.SandboxProfile.Security;
import dev.ringfence.runner.fence.cgroup.Cgroups.Controller;
import dev.ringfence.runner.process.KernelFile;
import dev.ringfence.runner.process.ProcessEnd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Finds out which tiers work, and explains it to operators. */
final class TierCheck {
    /** Asks for what each fence has, so that its failing is the tier's. */
    static final SandboxProfile PROFILE = new SandboxProfile(
            "probe",
            new Resources(DataSize.ofMegabytes(64), 1, DataSize.ofMegabytes(1), new GpuAccess.None(), 0),
            new Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(1)),
            new ProcessLimits(0, Duration.ofSeconds(10), Set.of(), 0),
            new Network(NetworkAccess.NONE, List.of(), 0),
            new Security(true, true, true, false));

    /**
     * Before it, a job could send signals to the service: to all of it when it has the same user, and otherwise to a thread
     * that acts as that user for a moment, which is enough to kill the whole process.
     */
    private static final int VERSION_WITH_SCOPES = 6;

    private final Host host;

    TierCheck(Host host) {
        this.host = host;
    }

    /**
     * The status of each tier.
     *
     * @param trial why a tier fails when it is tried
     */
    List<TierStatus> run(Function<FenceTier, Optional<String>> trial) {
        var statuses = new ArrayList<TierStatus>();
        for (var tier : FenceTier.values()) {
            var facts = facts(tier);
            var lacking = host.only().filter(only -> only != tier).isPresent()
                    ? Optional.of(new Lack("ringfence.fence.tier rules it out", "set it to auto"))
                    : lack(tier).or(() -> trial.apply(tier).map(failure -> explain(tier, failure)));
            statuses.add(lacking.map(lack -> new TierStatus(tier, false, lack.reason(), lack.remedy(), facts))
                    .orElseGet(() -> new TierStatus(tier, true, "a program was run in it", "", facts)));
        }
        return statuses;
    }

    /** What was wrong with the trial. */
    static Optional<String> failure(FencedResult result) {
        return result.end().equals(new ProcessEnd.Exited(0))
                ? Optional.empty()
                : Optional.of("/bin/true ended with " + result.end() + ": "
                        + new String(result.stderr().bytes(), StandardCharsets.UTF_8).strip());
    }

    private record Lack(String reason, String remedy) {}

    private Optional<Lack> lack(FenceTier tier) {
        if (host.architecture().isEmpty()) {
            return Optional.of(
                    new Lack("there is no filter of system calls for this processor", "use x86-64 or aarch64"));
        }
        return switch (tier) {
            case NAMESPACES -> lackForNamespaces();
            case LANDLOCK -> lackForLandlock();
        };
    }

    private Optional<Lack> lackForNamespaces() {
        if (host.bubblewrap().isEmpty()) {
            return Optional.of(
                    new Lack("bubblewrap is not installed", "install it (apt-get install bubblewrap) and restart"));
        }
        if (host.root() && !Files.isExecutable(Bubblewrap.SETPRIV)) {
            return Optional.of(
                    new Lack(Bubblewrap.SETPRIV + " is not there", "install util-linux (apt-get install util-linux)"));
        }
        return Optional.empty();
    }

    private Optional<Lack> lackForLandlock() {
        if (host.landlock().isEmpty()) {
            return Optional.of(new Lack(
                    "this kernel has no Landlock, or it is switched off or forbidden (kernel "
                            + System.getProperty("os.version", "unknown") + ")",
                    "use Linux 6.12 or newer with CONFIG_SECURITY_LANDLOCK and landlock in its lsm= list, and a"
                            + " container runtime whose seccomp profile knows it (since 2021)"));
        }
        if (host.landlock().getAsInt() < VERSION_WITH_SCOPES) {
            return Optional.of(new Lack(
                    "Landlock has version " + host.landlock().getAsInt() + ", which cannot keep a job from sending"
                            + " signals to the service, of which threads have the job's user, or all of it has",
                    "use Linux 6.12 or newer, or a host that allows namespaces"));
        }
        return Optional.empty();
    }

    private static Lack explain(FenceTier tier, String failure) {
        return switch (tier) {
            case NAMESPACES -> new Lack(failure, remedyForNamespaces());
            case LANDLOCK ->
                new Lack(
                        failure,
                        filtered()
                                ? "let the container's seccomp profile allow landlock_create_ruleset, landlock_add_rule,"
                                        + " landlock_restrict_self, seccomp and pidfd_open, and have no listener of its own"
                                : "the message says what failed");
        };
    }

    private static String remedyForNamespaces() {
        if (setting("/proc/sys/user/max_user_namespaces").equals("0")) {
            return "sysctl user.max_user_namespaces=15000";
        }
        if (setting("/proc/sys/kernel/unprivileged_userns_clone").equals("0")) {
            return "sysctl kernel.unprivileged_userns_clone=1";
        }
        if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").equals("1")) {
            return "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap that allows"
                    + " userns";
        }
        if (filtered()) {
            return "in a container: a seccomp profile (Localhost) that allows unshare, clone with new namespaces, mount,"
                    + " umount2 and pivot_root, and procMount Unmasked; or a RuntimeClass whose sandbox allows them";
        }
        return "the message says what failed";
    }

    /** Whether this process itself runs under a filter, as in most containers. */
    private static boolean filtered() {
        return setting("/proc/self/status").contains("Seccomp:\t2");
    }

    private List<String> facts(FenceTier tier) {
        var facts = new ArrayList<String>();
        facts.add("kernel " + System.getProperty("os.version", "unknown"));
        facts.add(
                host.root()
                        ? "the service is root: each workspace has a user, and each job without one"
                        : "the service is not root");
        switch (tier) {
            case NAMESPACES -> host.bubblewrap().ifPresent(path -> facts.add("bubblewrap " + path));
            case LANDLOCK ->
                facts.add(
                        host.landlock().isEmpty()
                                ? "no Landlock"
                                : "Landlock version " + host.landlock().getAsInt());
        }
        facts.add(host.cgroupVersion().orElse("no control group to write to"));
        for (var controller : Controller.values()) {
            if (!host.limitable().contains(controller)) {
                facts.add("no controller " + controller.name().toLowerCase(Locale.ROOT) + ": "
                        + (controller == Controller.PIDS
                                ? "processes are limited otherwise"
                                : "a watchdog takes its place"));
            }
        }
        return facts;
    }

    private static String setting(String file) {
        try {
            return KernelFile.read(Path.of(file)).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
