package dev.ringfence.runner.process;

import io.smallrye.mutiny.Uni;

/** A program that was started. All methods may be called from any thread. */
public interface RunningProcess {
    /** Ends the tree: polite signal, grace, kill. Returns at once; a second call, or one after the end, does nothing. */
    void stop();

    /** The result, once nothing of the tree is left; cancelling a subscription does not stop the program. */
    Uni<ProcessResult> result();
}
