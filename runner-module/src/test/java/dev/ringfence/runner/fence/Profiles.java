package dev.ringfence.runner.fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.catalog.SandboxProfile.Security;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Profiles for tests: one that lets ordinary shell scripts run, and changes to it. */
final class Profiles {
    private Profiles() {}

    static SandboxProfile shell() {
        return new SandboxProfile(
                "shell",
                new Resources(DataSize.ofMegabytes(128), 1.0, DataSize.ofMegabytes(16), new GpuAccess.None(), 0),
                new Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(8)),
                new ProcessLimits(16, Duration.ofMinutes(5), Set.of(), 0),
                new Network(NetworkAccess.NONE, List.of(), 0),
                new Security(true, true, true, false));
    }

    static SandboxProfile with(Resources resources) {
        var base = shell();
        return new SandboxProfile(
                base.name(), resources, base.filesystem(), base.processLimits(), base.network(), base.security());
    }

    static SandboxProfile with(Filesystem filesystem) {
        var base = shell();
        return new SandboxProfile(
                base.name(), base.resources(), filesystem, base.processLimits(), base.network(), base.security());
    }

    static SandboxProfile with(ProcessLimits limits) {
        var base = shell();
        return new SandboxProfile(
                base.name(), base.resources(), base.filesystem(), limits, base.network(), base.security());
    }

    static SandboxProfile with(Network network) {
        var base = shell();
        return new SandboxProfile(
                base.name(), base.resources(), base.filesystem(), base.processLimits(), network, base.security());
    }

    static SandboxProfile with(Security security) {
        var base = shell();
        return new SandboxProfile(
                base.name(), base.resources(), base.filesystem(), base.processLimits(), base.network(), security);
    }
}
