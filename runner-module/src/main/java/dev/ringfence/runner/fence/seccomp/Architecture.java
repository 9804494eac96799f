package dev.ringfence.runner.fence.seccomp;

import java.util.Optional;
import java.util.Set;

/** A processor whose system calls are known here. */
public enum Architecture {
    X86_64(0xC000_003EL),
    AARCH64(0xC000_00B7L);

    private final long auditValue;

    Architecture(long auditValue) {
        this.auditValue = auditValue;
    }

    /** The one this program runs on; empty where no filter can be made. */
    public static Optional<Architecture> ofThisHost() {
        return switch (System.getProperty("os.arch", "")) {
            case "amd64", "x86_64" -> Optional.of(X86_64);
            case "aarch64", "arm64" -> Optional.of(AARCH64);
            default -> Optional.empty();
        };
    }

    /** How the kernel names it to a filter ({@code AUDIT_ARCH_…}). */
    long auditValue() {
        return auditValue;
    }

    /**
     * The number of a call that every architecture has.
     *
     * @throws java.util.NoSuchElementException when there is none of that name
     */
    public int number(String name) {
        return syscalls().number(name).orElseThrow();
    }

    /** The names of all calls it has. */
    public Set<String> syscallNames() {
        return syscalls().names();
    }

    SyscallTable syscalls() {
        return switch (this) {
            case X86_64 -> SyscallTable.X86_64;
            case AARCH64 -> SyscallTable.AARCH64;
        };
    }
}
