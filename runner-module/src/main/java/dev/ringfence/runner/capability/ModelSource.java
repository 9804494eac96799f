package dev.ringfence.runner.capability;

import dev.ringfence.runner.engine.ServedModel;

/** Finds the model that an invocation names. Whoever has the catalog implements it. */
@FunctionalInterface
public interface ModelSource {
    /**
     * Looks it up.
     *
     * @param model the id as the caller wrote it
     * @param agent who asks
     */
    Resolution resolve(String model, String agent);

    /** Whether there is something to run. */
    sealed interface Resolution {
        /** A model that can be asked. */
        record Found(ServedModel model) implements Resolution {}

        /**
         * None.
         *
         * @param type a stable slug, such as {@code unknown-model} or {@code provider-not-supported}
         * @param message why not, and what to do
         */
        record Refused(String type, String message) implements Resolution {}
    }
}
