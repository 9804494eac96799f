package dev.ringfence.runner.capability;

import io.smallrye.mutiny.Uni;

/** Work under way. */
public interface Execution {
    /**
     * The outcome, once nothing of the work is left. Subscribing has no effect on the work, cancelling the subscription
     * neither. It never fails: trouble is an {@link Outcome.Failed}.
     */
    Uni<Outcome> outcome();

    /** Ends the work; the outcome follows. A second call, or one after the end, does nothing. */
    void cancel();
}
