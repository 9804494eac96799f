package dev.ringfence.catalog;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a job may use. A profile only says what is asked; whether this host can enforce it is the fence's business, and
 * what cannot be enforced refuses the job.
 *
 * @param tier the only way a fence may be built; empty for the best that the host has
 */
public record SandboxProfile(
        String name,
        Resources resources,
        Filesystem filesystem,
        ProcessLimits processLimits,
        Network network,
        Security security,
        Optional<FenceTier> tier) {
    public SandboxProfile {
        Objects.requireNonNull(name);
        Objects.requireNonNull(resources);
        Objects.requireNonNull(filesystem);
        Objects.requireNonNull(processLimits);
        Objects.requireNonNull(network);
        Objects.requireNonNull(security);
        Objects.requireNonNull(tier);
    }

    /** A profile for whichever tier the host has. */
    public SandboxProfile(
            String name,
            Resources resources,
            Filesystem filesystem,
            ProcessLimits processLimits,
            Network network,
            Security security) {
        this(name, resources, filesystem, processLimits, network, security, Optional.empty());
    }

    /** The same, but only in one tier. */
    public SandboxProfile inTier(FenceTier only) {
        return new SandboxProfile(name, resources, filesystem, processLimits, network, security, Optional.of(only));
    }

    /**
     * Memory, processor time, storage and accelerators.
     *
     * @param maxCores fractions are allowed: 0.5 is half of one core's time
     * @param maxIoMegabytesPerSecond reads and writes of block devices, each; zero means no limit is asked
     */
    public record Resources(
            DataSize maxMemory, double maxCores, DataSize maxDisk, GpuAccess gpu, long maxIoMegabytesPerSecond) {
        public Resources {
            Objects.requireNonNull(maxMemory);
            Objects.requireNonNull(maxDisk);
            Objects.requireNonNull(gpu);
        }
    }

    /** How a job may use accelerators. */
    public sealed interface GpuAccess {
        record None() implements GpuAccess {}

        record Shared(DataSize maxMemory) implements GpuAccess {}

        record Exclusive() implements GpuAccess {}
    }

    /**
     * Paths are absolute and may hold globs; denied paths win over read and write paths, also below them.
     *
     * @param allowTempFiles whether the job has a writable, size-limited /tmp
     */
    public record Filesystem(
            List<String> readPaths,
            List<String> writePaths,
            List<String> deniedPaths,
            boolean allowTempFiles,
            DataSize maxFileSize) {
        public Filesystem {
            readPaths = List.copyOf(readPaths);
            writePaths = List.copyOf(writePaths);
            deniedPaths = List.copyOf(deniedPaths);
            Objects.requireNonNull(maxFileSize);
        }
    }

    /**
     * How many processes, for how long, with which system calls.
     *
     * @param maxChildProcesses beside the job's first process
     * @param allowedSyscalls empty means all but the built-in list of dangerous ones
     * @param priority the nice value, -20 to 19
     */
    public record ProcessLimits(
            int maxChildProcesses, Duration maxExecutionTime, Set<String> allowedSyscalls, int priority) {
        public ProcessLimits {
            Objects.requireNonNull(maxExecutionTime);
            allowedSyscalls = Set.copyOf(allowedSyscalls);
        }
    }

    /**
     * What a job may reach over the network.
     *
     * @param allowedDestinations what {@link NetworkAccess#RESTRICTED} lets through
     * @param maxMegabitsPerSecond zero means no limit is asked
     */
    public record Network(NetworkAccess access, List<Destination> allowedDestinations, long maxMegabitsPerSecond) {
        public Network {
            Objects.requireNonNull(access);
            allowedDestinations = List.copyOf(allowedDestinations);
        }
    }

    /** Which network a job sees. */
    public enum NetworkAccess {
        NONE,
        RESTRICTED,
        FULL
    }

    /** One destination of a restricted network, such as {@code example.org}, 443, {@code tcp}. */
    public record Destination(String host, int port, String protocol) {
        public Destination {
            Objects.requireNonNull(host);
            Objects.requireNonNull(protocol);
        }
    }

    /** Hardening beyond the other sections. */
    public record Security(
            boolean strictSyscallFiltering,
            boolean disableDebugging,
            boolean enableAuditLogging,
            boolean requireEncryption) {}
}
