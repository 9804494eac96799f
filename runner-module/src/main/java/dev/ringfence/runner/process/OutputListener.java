package dev.ringfence.runner.process;

/** Hears what a program writes, as it is written. */
@FunctionalInterface
public interface OutputListener {
    /** Hears nothing. */
    OutputListener NONE = (stream, chunk) -> {};

    /**
     * Called in order, on the one thread that watches the process: it must return soon and must not block. The array
     * belongs to the listener. What a launcher writes before the gate opens is not the program's, and not told.
     */
    void wrote(Stream stream, byte[] chunk);

    /**
     * Called once, before anything is started.
     *
     * @param stop does what {@link RunningProcess#stop} does, also while the program's fence is still being built; may be
     *     called at any time and by any thread
     */
    default void starting(Runnable stop) {}

    /**
     * Called once, before the program runs.
     *
     * @param look makes the watching thread ask {@link #wantsMore} again; may be called at any time and by any thread
     */
    default void attached(Runnable look) {}

    /**
     * Whether the next piece, of up to 64 KiB, may come. As long as not, nothing is read: the pipes fill and the program
     * waits, but neither its deadline nor a stop does. What a program leaves in its pipes when it ends comes in any case,
     * and is no more than pipes hold. Called often, on the one thread that watches the process; it must not block.
     */
    default boolean wantsMore() {
        return true;
    }

    /**
     * Something happened to the program that it did not write itself, such as a connection that was refused. Called by
     * any thread, also while {@link #wrote} is; it must return soon and must not block.
     */
    default void noticed(String what) {}
}
