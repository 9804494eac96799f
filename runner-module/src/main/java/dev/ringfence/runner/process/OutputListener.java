package dev.ringfence.runner.process;

/** Hears what a program writes, as it is written. */
@FunctionalInterface
public interface OutputListener {
    /** Hears nothing. */
    OutputListener NONE = (stream, chunk) -> {};

    /**
     * Called in order, on the one thread that watches the process: it must return soon and must not block. The array
     * belongs to the listener.
     */
    void wrote(Stream stream, byte[] chunk);
}
