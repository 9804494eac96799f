package dev.ringfence.wal.log;

import java.util.Objects;

/**
 * Whether a log can be written.
 *
 * <pre>
 * Writable ◄──► Full
 *     │           │
 *     ├───────────┴──► Failed
 *     └──► Closed
 * </pre>
 */
public sealed interface Health {
    /** Appends are accepted. */
    record Writable() implements Health {}

    /**
     * The last append found no room. Each new one tries again, unless the disk says that there still is none, and the first
     * that succeeds makes this writable.
     */
    record Full(String reason) implements Health {
        public Full {
            Objects.requireNonNull(reason);
        }
    }

    /** Nothing will ever be written again through this log; a restart recovers what is durable. */
    record Failed(String reason) implements Health {
        public Failed {
            Objects.requireNonNull(reason);
        }
    }

    /** The log was closed by its owner. */
    record Closed() implements Health {}
}
