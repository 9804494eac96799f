package dev.ringfence.runner.engine;

import java.time.Duration;

/** A model that can be asked, wherever it runs. Thread-safe. */
public interface ServedModel {
    /** The catalog's id. */
    String id();

    /** How long a request may take at most. */
    Duration longest();

    /**
     * Asks it and returns at once. What goes wrong is told by the generation.
     *
     * @param limit from when an engine is there to the end of the answer, waiting for room included. Loading is not cut
     *     short by it: that has a limit of its own, the load timeout
     */
    Generation generate(GenerationRequest request, Duration limit, GenerationListener listener);
}
