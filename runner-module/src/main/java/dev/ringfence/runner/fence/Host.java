package dev.ringfence.runner.fence;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.cgroup.Cgroups;
import dev.ringfence.runner.fence.seccomp.Architecture;
import dev.ringfence.runner.process.Landlock;
import dev.ringfence.runner.process.ProcStat;
import dev.ringfence.runner.process.ProcessEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the host offers for fences; a value, so that plans can be tested without one.
 *
 * @param landlock the version of Landlock; empty where there is none that a fence can be built on
 * @param only the one tier that the operator wants
 * @param missing the tiers that cannot be built here, each with the reason
 * @param root whether the service runs as root, and so can give jobs other users than its own
 * @param nice the service's own priority
 * @param raises whether the service may give a higher one than its own
 * @param processors how many there are
 * @param cgroupVersion such as {@code cgroup v1}; empty when there is no hierarchy to write to
 * @param controllers what can be limited there, with the file that a limit is written to
 * @param systemPaths the read-only system inside a fence: target path to what is there
 * @param gpus which there are
 * @param masked what is hidden of {@code /proc}
 */
record Host(
        Optional<Path> bubblewrap,
        OptionalInt landlock,
        Optional<FenceTier> only,
        Map<FenceTier, String> missing,
        boolean root,
        int nice,
        boolean raises,
        Optional<Architecture> architecture,
        int processors,
        Optional<String> cgroupVersion,
        Map<Cgroups.Controller, String> controllers,
        Map<Path, SystemPath> systemPaths,
        Gpus.Found gpus,
        List<Path> masked) {
    private static final int CAP_SYS_NICE = 23;
    private static final List<String> TOP_LEVEL = List.of("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32");
    private static final List<String> ETC =
            List.of("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/nsswitch.conf");

    /** OCI's masked paths, beside what the fence makes read-only: they tell of the host or act on it. */
    private static final List<String> MASKED = List.of(
            "/proc/acpi",
            "/proc/asound",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/proc/sched_debug",
            "/proc/scsi",
            "/proc/sysrq-trigger",
            "/proc/kallsyms",
            "/proc/kmsg");

    /** One path of the read-only system. */
    sealed interface SystemPath {
        /** A link with this target. */
        record Link(String target) implements SystemPath {}

        /** What the host has there, read-only. */
        record Bound() implements SystemPath {}
    }

    static Host probe(FenceSettings settings, Optional<Cgroups> cgroups, Path devices) {
        var controllers = new LinkedHashMap<Cgroups.Controller, String>();
        cgroups.ifPresent(found ->
                found.controllers().forEach(controller -> controllers.put(controller, found.file(controller))));
        return new Host(
                settings.bubblewrap().or(Host::findBubblewrap),
                Landlock.version(),
                settings.tier(),
                Map.of(),
                ProcessEngine.effectiveUser() == 0,
                ownNice(),
                mayRaise(),
                Architecture.ofThisHost(),
                Runtime.getRuntime().availableProcessors(),
                cgroups.map(Cgroups::version),
                Map.copyOf(controllers),
                findSystem(),
                Gpus.find(devices),
                MASKED.stream().map(Path::of).filter(Files::exists).toList());
    }

    /** The same, without tiers that were found not to work. */
    Host without(Map<FenceTier, String> reasons) {
        return new Host(
                bubblewrap,
                landlock,
                only,
                Map.copyOf(reasons),
                root,
                nice,
                raises,
                architecture,
                processors,
                cgroupVersion,
                controllers,
                systemPaths,
                gpus,
                masked);
    }

    /** Whether the control group's limit of bandwidth passes over what the kernel writes to the device later. */
    boolean throttlesOnlyDirect() {
        return cgroupVersion.equals(Optional.of(Cgroups.V1));
    }

    /**
     * The tier for a profile: the one it wants, else the one the operator wants, else the best there is.
     *
     * @throws FenceException.Refused when this host does not have it
     */
    FenceTier tierFor(SandboxProfile profile) {
        if (profile.tier().isPresent() && only.isPresent() && !profile.tier().equals(only)) {
            throw new FenceException.Refused(
                    "tier",
                    "the profile wants the tier " + profile.tier().get().externalName()
                            + ", and ringfence.fence.tier lets only "
                            + only.get().externalName() + " be used");
        }
        var candidates = profile.tier().or(() -> only).map(List::of).orElse(List.of(FenceTier.values()));
        return candidates.stream()
                .filter(tier -> !missing.containsKey(tier))
                .findFirst()
                .orElseThrow(() -> new FenceException.Refused(
                        "tier",
                        candidates.stream()
                                .map(tier -> "no fence of tier " + tier.externalName() + ": " + missing.get(tier))
                                .collect(Collectors.joining("; "))));
    }

    Set<Cgroups.Controller> limitable() {
        return controllers.keySet();
    }

    private static int ownNice() {
        return (int) ProcStat.of(own("stat")).orElseThrow().number(ProcStat.NICE);
    }

    private static boolean mayRaise() {
        return own("status")
                .lines()
                .filter(line -> line.startsWith("CapEff:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> CAP_SYS_NICE & 1) == 1);
    }

    private static String own(String file) {
        try {
            return Files.readString(Path.of("/proc/self", file));
        } catch (IOException e) {
            throw new FenceException.Broken("reading /proc/self/" + file + " failed", e);
        }
    }

    private static Optional<Path> findBubblewrap() {
        return List.of("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap").stream()
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Map<Path, SystemPath> findSystem() {
        var paths = new LinkedHashMap<Path, SystemPath>();
        paths.put(Path.of("/usr"), new SystemPath.Bound());
        for (var name : TOP_LEVEL) {
            var path = Path.of(name);
            try {
                if (Files.isSymbolicLink(path)) {
                    paths.put(
                            path,
                            new SystemPath.Link(Files.readSymbolicLink(path).toString()));
                } else if (Files.isDirectory(path)) {
                    paths.put(path, new SystemPath.Bound());
                }
            } catch (IOException e) {
                throw new FenceException.Broken("reading " + path + " failed", e);
            }
        }
        var etc = new ArrayList<Path>();
        ETC.stream().map(Path::of).filter(Files::exists).forEach(etc::add);
        etc.forEach(path -> paths.put(path, new SystemPath.Bound()));
        return paths;
    }
}
