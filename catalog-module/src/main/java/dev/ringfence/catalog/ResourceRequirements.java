package dev.ringfence.catalog;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a model needs from the host that runs it.
 *
 * @param gpu null when it runs without an accelerator
 */
public record ResourceRequirements(
        DataSize minMemory,
        double preferredCpuCores,
        @Nullable GpuRequirements gpu) {
    public ResourceRequirements {
        Objects.requireNonNull(minMemory);
    }

    /**
     * The accelerator that a model needs.
     *
     * @param computeCapability at least this version, such as 7.5; zero means any
     */
    public record GpuRequirements(DataSize minVram, double computeCapability) {
        public GpuRequirements {
            Objects.requireNonNull(minVram);
        }
    }
}
