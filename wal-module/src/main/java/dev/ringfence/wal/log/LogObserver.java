package dev.ringfence.wal.log;

import java.nio.file.Path;
import java.time.Duration;

/** Told what the writer does, for metrics. Called on the writer thread, so it has to be quick and must not throw. */
public interface LogObserver {
    /** A group of records was written and synced with one call each. */
    default void synced(int records, long bytes, Duration write, Duration sync) {}

    /** A new segment was begun. */
    default void rotated(long segment, Duration duration) {}

    /**
     * How the log stands now: it found no room, which each further try tells again, or some again, or has failed for
     * good. The last may come from another thread than the writer's.
     */
    default void turned(Path directory, Health now) {}

    /** Watches nothing. */
    static LogObserver none() {
        return new LogObserver() {};
    }
}
