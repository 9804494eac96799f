package dev.ringfence.runner.engine;

/** Hears what comes of a generation. */
@FunctionalInterface
public interface GenerationListener {
    /**
     * Called in order, on one thread. It may block, which holds the engine back; it is interrupted when the generation
     * is cancelled or out of time meanwhile, and should then return.
     */
    void heard(GenerationEvent event);

    /** Called while the request waits for an engine or a slot, from other threads; it must not block. */
    default void waits(EngineProgress progress) {}
}
