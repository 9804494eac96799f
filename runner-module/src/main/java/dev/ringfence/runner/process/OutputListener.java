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

    /**
     * Something happened to the program that it did not write itself, such as a connection that was refused. Called by
     * any thread, also while {@link #wrote} is; it must return soon and must not block.
     */
    default void noticed(String what) {}
}
