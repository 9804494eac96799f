package dev.ringfence.wal.log;

import java.time.Duration;

/** Told what the writer does, for metrics. Called on the writer thread, so it has to be quick and must not throw. */
public interface LogObserver {
    /** A group of records was written and synced with one call each. */
    default void synced(int records, long bytes, Duration write, Duration sync) {}

    /** A new segment was begun. */
    default void rotated(long segment, Duration duration) {}

    /** Watches nothing. */
    static LogObserver none() {
        return new LogObserver() {};
    }
}
