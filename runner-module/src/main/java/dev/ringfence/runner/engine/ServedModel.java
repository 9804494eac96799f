package dev.ringfence.runner.engine;

import java.time.Duration;
import java.util.List;

/** A model that can be asked, wherever it runs. Thread-safe. */
public interface ServedModel {
    /** The catalog's id. */
    String id();

    /** How long a request may take at most. */
    Duration longest();

    /**
     * What of a request has no effect on this model: parameters by name, and keywords of JSON Schemas by their place.
     *
     * @throws EngineException.InvalidRequest when the request wants that it has
     */
    default List<String> passesOver(GenerationRequest request) {
        return List.of();
    }

    /**
     * Asks it and returns at once. What goes wrong is told by the generation.
     *
     * @param limit from when an engine is there to the end of the answer, waiting for room included. Loading is not cut
     *     short by it: that has a limit of its own, the load timeout
     */
    Generation generate(GenerationRequest request, Duration limit, GenerationListener listener);
}
