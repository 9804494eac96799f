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
            var descriptor = SystemCalls.pidDescriptorIfThere(pid);
            return descriptor.isPresent() ? Optional.of(new HeldProcess(pid, descriptor.getAsInt())) : Optional.empty();
        } catch (NativeCallException e) {
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
