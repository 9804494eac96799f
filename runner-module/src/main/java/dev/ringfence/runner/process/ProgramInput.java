package dev.ringfence.runner.process;

import java.util.Objects;
import java.util.concurrent.Flow;

/** What a program reads from its standard input, which then ends. */
public sealed interface ProgramInput {
    /** Ends at once. */
    ProgramInput NONE = new Bytes(new byte[0]);

    @SuppressWarnings("ArrayRecordComponent") // handed over once; nothing compares inputs
    record Bytes(byte[] bytes) implements ProgramInput {}

    /**
     * Pieces that are asked for one at a time, each when the one before has gone to the program. So of a source of any
     * length one piece is in memory, and a program that does not read is not waited for.
     *
     * @param source is subscribed to once, when the program may run, and asked on virtual threads, so it may block. It
     *     is cancelled when the program closes its input or ends. When it fails, the tree is ended, and the end is
     *     {@link ProcessEnd.InputFailed}
     */
    record Pieces(Flow.Publisher<byte[]> source) implements ProgramInput {
        public Pieces {
            Objects.requireNonNull(source);
        }
    }
}
