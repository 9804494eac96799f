package dev.ringfence.runner.abuse;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.catalog.SandboxProfile.Security;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** The profiles that hostile programs run under. */
final class Shape {
    static final int CHILDREN = 48;
    static final long MEMORY_MEGABYTES = 96;

    private Shape() {}

    /** Processors of a job that shall get little of them. */
    static final double FEW_CORES = 0.1;

    static SandboxProfile ordinary() {
        return profile(16, 8, NetworkAccess.NONE);
    }

    /** Room on the disk for more than there is of memory. */
    static SandboxProfile roomy() {
        return profile(512, 512, NetworkAccess.NONE);
    }

    static SandboxProfile connected() {
        return profile(16, 8, NetworkAccess.FULL);
    }

    static SandboxProfile restricted() {
        return profile(16, 8, NetworkAccess.RESTRICTED);
    }

    /** May write to a directory of the host. */
    static SandboxProfile writing(Path directory) {
        return profile(16, 8, NetworkAccess.NONE, 1.0, List.of(directory.toString()));
    }

    static SandboxProfile slow() {
        return profile(16, 8, NetworkAccess.NONE, FEW_CORES, List.of());
    }

    private static SandboxProfile profile(long diskMegabytes, long fileMegabytes, NetworkAccess network) {
        return profile(diskMegabytes, fileMegabytes, network, 1.0, List.of());
    }

    private static SandboxProfile profile(
            long diskMegabytes, long fileMegabytes, NetworkAccess network, double cores, List<String> writePaths) {
        return new SandboxProfile(
                "abuse",
                new Resources(
                        DataSize.ofMegabytes(MEMORY_MEGABYTES),
                        cores,
                        DataSize.ofMegabytes(diskMegabytes),
                        new GpuAccess.None(),
                        0),
                new Filesystem(List.of(), writePaths, List.of(), true, DataSize.ofMegabytes(fileMegabytes)),
                new ProcessLimits(CHILDREN, Duration.ofHours(1), Set.of(), 0),
                new Network(network, List.of(), 0),
                new Security(true, true, true, false));
    }
}
