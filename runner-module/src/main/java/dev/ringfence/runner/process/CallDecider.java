package dev.ringfence.runner.process;

/** Decides about system calls that a confined program's filter asks about. */
@FunctionalInterface
public interface CallDecider {
    /** Refuses all, with EPERM. */
    CallDecider REFUSE = call -> {
        var _ = call.fail(1);
    };

    /**
     * Called in order, on the one thread that watches the program: it must return soon and must not block. The calling
     * thread of the program waits until the call is answered, which may be later and by any thread; what is not
     * answered when the program's tree ends fails with ENOSYS.
     */
    void decide(NotifiedCall call);
}
