package dev.ringfence.wal.log;

import java.nio.file.Path;
import java.util.Objects;

/** What a recovery found behind the last intact record. */
public sealed interface Tail {
    /** Nothing. */
    record Clean() implements Tail {}

    /**
     * A write that never finished, so it was never acknowledged. It was cut off.
     *
     * @param file the segment
     * @param cutAt the offset in it where the intact records end
     * @param bytesDropped from there to the last byte that was not zero
     * @param copy holds those bytes
     */
    record Torn(Path file, long cutAt, long bytesDropped, Path copy) implements Tail {
        public Torn {
            Objects.requireNonNull(file);
            Objects.requireNonNull(copy);
        }
    }
}
