package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;

/** Hears what a job puts out while it runs. */
@FunctionalInterface
public interface OutputSink {
    /**
     * Called in order, by one thread at a time; it returns soon and never blocks.
     *
     * @param channel {@code stdout}, {@code stderr} or {@code text} for a model's answer, {@code fence} for what
     *     the fence refused
     * @param text complete characters only
     */
    void put(String channel, String text);

    /**
     * Why the work has not come further yet. Called from any thread; it never blocks.
     *
     * @param phase a word, such as {@code loading}
     * @param data what is known about it
     */
    default void progress(String phase, ObjectNode data) {}

    /**
     * What a model answers, in full, for a caller who stays on the line. Called in order, by one thread; it may block
     * until the caller has taken what came before, which holds the model back. It is interrupted when the job ends
     * meanwhile, and then returns.
     */
    default void answered(GenerationEvent event) {}
}
