package dev.ringfence.runner.capability;

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
}
