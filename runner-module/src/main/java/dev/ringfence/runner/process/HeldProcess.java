package dev.ringfence.runner.process;

import java.util.Optional;

/** A process that is held by a descriptor: its number may be given anew, and a signal still reaches no other. */
public final class HeldProcess implements AutoCloseable {

    private final int pid;
    private final int descriptor;

    private HeldProcess(int pid, int descriptor) {
        this.pid = pid;
        this.descriptor = descriptor;
    }

    /**
     * Holds the process that has this number now; empty when there is none.
     *
     * @throws ProcessException when it could not be held for a reason of ours
     */
    public static Optional<HeldProcess> of(int pid) {
        try {
            return Optional.of(new HeldProcess(pid, SystemCalls.pidDescriptor(pid)));
        } catch (NativeCallException e) {
            // The second: it is no number of a process at all, or that of a thread.
            if (e.errno() == Errno.ESRCH || e.errno() == Errno.EINVAL) {
                return Optional.empty();
            }
            throw new ProcessException("process " + pid + " could not be held", e);
        }
    }

    /**
     * Sends a signal; zero only asks. False when the process is gone.
     *
     * @throws ProcessException when this user may not
     */
    public boolean signal(int signal) {
        try {
            return SystemCalls.signal(descriptor, signal);
        } catch (NativeCallException e) {
            throw new ProcessException("process " + pid + " could not be signalled", e);
        }
    }

    @Override
    public void close() {
        Libc.close(descriptor);
    }
}
