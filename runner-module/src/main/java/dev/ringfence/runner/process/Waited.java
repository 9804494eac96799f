package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * How a child ended and what it and the children it waited for used.
 *
 * @param status as wait(2) gives it
 * @param maxResidentBytes of the largest single process among them
 * @param writtenBytes to block devices
 */
record Waited(int status, long userMicros, long systemMicros, long maxResidentBytes, long writtenBytes) {
    /** {@code struct rusage}: two timevals, then ru_maxrss in KiB, then thirteen longs. */
    static final long RUSAGE_SIZE = 144;

    private static final long OUTPUT_BLOCKS = 96;
    private static final int WNOHANG = 1;

    static final Waited NOTHING = new Waited(0, 0, 0, 0, 0);

    /** @param usage a {@code struct rusage} */
    static Waited of(int status, MemorySegment usage) {
        return new Waited(
                status,
                usage.get(JAVA_LONG, 0) * 1_000_000 + usage.get(JAVA_LONG, 8),
                usage.get(JAVA_LONG, 16) * 1_000_000 + usage.get(JAVA_LONG, 24),
                usage.get(JAVA_LONG, 32) * 1024,
                usage.get(JAVA_LONG, OUTPUT_BLOCKS) * 512);
    }

    /** Takes the entry of a child of ours that has ended from the process table; empty when it is no such child. */
    static Optional<Waited> reap(int pid) {
        return wait(pid, WNOHANG);
    }

    /** Waits for a child of ours and takes its entry from the process table. */
    static Waited await(int pid) {
        return wait(pid, 0).orElseThrow(() -> new NativeCallException("wait4", Errno.ECHILD));
    }

    private static Optional<Waited> wait(int pid, int options) {
        try (var arena = Arena.ofConfined()) {
            var status = arena.allocate(JAVA_INT);
            var usage = arena.allocate(RUSAGE_SIZE, 8);
            int result = Libc.wait(pid, status, options, usage);
            if (result == 0 || result == -Errno.ECHILD) {
                return Optional.empty();
            }
            SystemCalls.check("wait4", result);
            return Optional.of(of(status.get(JAVA_INT, 0), usage));
        }
    }

    boolean signalled() {
        return (status & 0x7f) != 0;
    }

    int signal() {
        return status & 0x7f;
    }

    int exitCode() {
        return (status >> 8) & 0xff;
    }

    /** What both used. */
    Waited plus(Waited other) {
        return new Waited(
                status,
                userMicros + other.userMicros,
                systemMicros + other.systemMicros,
                Math.max(maxResidentBytes, other.maxResidentBytes),
                writtenBytes + other.writtenBytes);
    }
}
