package dev.ringfence.runner.engine;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * What is left of a time, as this service lives through it: of a pause in which it was frozen, or its host, only a moment
 * counts, since an engine was frozen as well, or has not had its answer heard. To be asked at least once in a
 * {@link #TICK}, as {@link Alarms#at} does. Thread-safe.
 */
final class AwakeTime {
    static final Duration TICK = Duration.ofSeconds(1);

    /** A thread may have its turn late on a busy host. */
    private static final long MOST = TICK.multipliedBy(2).toNanos();

    private final LongSupplier nanoTime;

    // Guarded by this.
    private long last;
    private long left;

    AwakeTime(Duration limit, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.last = nanoTime.getAsLong();
        this.left = limit.toNanos();
    }

    /** Zero once it is over. */
    synchronized Duration left() {
        long now = nanoTime.getAsLong();
        left = Math.max(0, left - Math.min(now - last, MOST));
        last = now;
        return Duration.ofNanos(left);
    }

    boolean isOver() {
        return left().isZero();
    }
}
