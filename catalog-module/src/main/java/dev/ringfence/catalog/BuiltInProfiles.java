package dev.ringfence.catalog;

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

/** The profiles that every catalog has. */
final class BuiltInProfiles {
    static final SandboxProfile SECURE = new SandboxProfile(
            "secure",
            new Resources(DataSize.ofMegabytes(512), 1.0, DataSize.ofMegabytes(100), new GpuAccess.None(), 10),
            new Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(10)),
            new ProcessLimits(0, Duration.ofMinutes(5), Set.of(), 19),
            new Network(NetworkAccess.NONE, List.of(), 0),
            new Security(true, true, true, false));

    static final SandboxProfile STANDARD = new SandboxProfile(
            "standard",
            new Resources(DataSize.ofMegabytes(1024), 2.0, DataSize.ofMegabytes(500), new GpuAccess.None(), 50),
            new Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(100)),
            new ProcessLimits(5, Duration.ofMinutes(10), Set.of(), 0),
            new Network(NetworkAccess.RESTRICTED, List.of(), 100),
            new Security(false, true, true, false));

    private BuiltInProfiles() {}

    /** What a profile of that name takes over for keys that the file leaves out. */
    static SandboxProfile defaultsFor(String name) {
        return name.equals(STANDARD.name()) ? STANDARD : SECURE;
    }
}
