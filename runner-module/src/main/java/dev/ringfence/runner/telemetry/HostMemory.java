package dev.ringfence.runner.telemetry;

import java.nio.file.Path;

/** How much memory there is for this service: the host's, or less where a control group around it has a limit. */
public final class HostMemory {
    /** Where nothing can be read, which is on no Linux host. */
    private static final long UNKNOWN = 1L << 30;

    private HostMemory() {}

    public static long bytes() {
        return bytes(Path.of("/proc"));
    }

    static long bytes(Path proc) {
        long kibibytes = KernelText.number(KernelText.read(proc.resolve("meminfo")), "MemTotal:")
                .orElse(UNKNOWN / 1024);
        return GroupLimits.of(proc).leastMemory().stream().reduce(kibibytes * 1024, Math::min);
    }
}
