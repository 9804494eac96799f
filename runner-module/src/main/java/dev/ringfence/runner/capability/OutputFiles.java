package dev.ringfence.runner.capability;

import java.io.IOException;

/**
 * Keeps a job's output that is too much for its result. Whoever has a disk implements it; each job has its own. Called
 * by one thread at a time.
 */
@FunctionalInterface
public interface OutputFiles {
    /** Keeps nothing, so there is no more of the output than what the result shows. */
    OutputFiles NONE = channel -> {
        throw new IOException("there is no place for the output");
    };

    /**
     * Begins to keep a channel's output, from its first byte on. At most once for each channel.
     *
     * @param channel such as {@code stdout}
     * @throws IOException if it cannot be kept
     */
    OutputFile begin(String channel) throws IOException;

    /** A channel's output. */
    interface OutputFile {
        /**
         * Takes the next bytes. It may wait for the page cache, and never for the disk.
         *
         * @throws IOException if they cannot be kept; nothing more can then
         */
        void write(byte[] bytes, int offset, int count) throws IOException;

        /**
         * Nothing more comes. When it returns, the output is durable.
         *
         * @throws IOException if it is not
         */
        void finish() throws IOException;

        /** It is of no use; nothing of it stays. A second call, or one after {@link #finish}, does nothing. */
        void giveUp();
    }
}
