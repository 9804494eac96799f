package dev.ringfence.runner.engine;

import io.smallrye.mutiny.Uni;
import java.util.Optional;

/** An answer under way. */
public interface Generation {
    /**
     * The result. Fails with an {@link EngineException}, or with a
     * {@link dev.ringfence.runner.fence.FenceException} when the engine's fence could not be built. Subscribing has no
     * effect on the work, cancelling the subscription neither.
     */
    Uni<GenerationResult> result();

    /**
     * Ends the work. The connection to the engine is closed at once; the result follows when the engine says that the
     * request's slot is idle again, or after a second at most: an engine that is deep in a long prompt notices later,
     * and its slot stays busy until then. An engine that is still loading goes on loading, for the next request. A
     * second call, or one after the end, does nothing.
     */
    void cancel();

    /**
     * What is known of the engine that the request has got, as of now: also after the answer. Empty before it has one, and
     * for models that run elsewhere.
     */
    default Optional<EngineUse> engine() {
        return Optional.empty();
    }
}
