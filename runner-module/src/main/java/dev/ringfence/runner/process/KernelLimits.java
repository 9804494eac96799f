package dev.ringfence.runner.process;

import java.util.OptionalInt;

/**
 * Limits that the kernel keeps for each process and passes on to what it starts (setrlimit(2)). There are no core dumps
 * either.
 *
 * @param fileBytes the size of files that it may write
 * @param privateBytes the private memory that each process may ask for; zero for any
 * @param descriptors that each process may have, if the service may have more itself; zero for as many as it
 * @param userTasks how many processes and threads its user may have; zero for any
 * @param nice the priority
 */
public record KernelLimits(long fileBytes, long privateBytes, long descriptors, long userTasks, int nice) {
    private static final String DESCRIPTORS_LINE = "Max open files";

    void set(int pid) {
        Libc.limit(pid, Libc.RLIMIT_FSIZE, fileBytes);
        // One byte: for zero the kernel would start a collector, as root and outside of all limits (core(5)).
        Libc.limit(pid, Libc.RLIMIT_CORE, 1);
        if (privateBytes > 0) {
            Libc.limit(pid, Libc.RLIMIT_DATA, privateBytes);
        }
        // What the service has no more of itself, it could not give.
        if (descriptors > 0 && ProcessEntry.hardLimit(pid, DESCRIPTORS_LINE).orElse(Long.MAX_VALUE) > descriptors) {
            Libc.limit(pid, Libc.RLIMIT_NOFILE, descriptors);
        }
        if (userTasks > 0) {
            Libc.limit(pid, Libc.RLIMIT_NPROC, userTasks);
        }
    }

    /** To raise a priority takes the service's right, to lower another user's takes being that user. */
    void prioritize(int pid, OptionalInt user) {
        try {
            Libc.priority(pid, nice);
        } catch (NativeCallException e) {
            UserThread.run(user, () -> Libc.priority(pid, nice));
        }
    }
}
