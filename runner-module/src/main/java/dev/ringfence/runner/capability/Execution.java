package dev.ringfence.runner.capability;

import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.Optional;

/** Work under way. */
public interface Execution {
    /**
     * The outcome, once nothing of the work is left. Subscribing has no effect on the work, cancelling the subscription
     * neither. It never fails: trouble is an {@link Outcome.Failed}.
     */
    Uni<Outcome> outcome();

    /** After how long from its beginning the work is ended, whatever the job's deadline says; empty where that alone holds. */
    default Optional<Duration> limit() {
        return Optional.empty();
    }

    /** Ends the work; the outcome follows. A second call, or one after the end, does nothing. */
    void cancel();
}
