package dev.ringfence.runner.process;

import java.time.Duration;

/**
 * Paces what the service does for a program that asks it, which no limit of the program's holds: at first as fast as it
 * can, so that ordinary programs do not notice, then with a quarter of a processor. Used by one thread at a time.
 */
final class ServicePace {
    private static final double SHARE = 0.25;
    private static final double FREE_NANOS = Duration.ofSeconds(5).toNanos();

    /** What takes longer than a moment waits for a device, and uses no processor. */
    private static final long LONGEST_REST_NANOS = Duration.ofMillis(500).toNanos();

    private double credit = FREE_NANOS;
    private long at;

    /** @param now by {@link System#nanoTime} */
    ServicePace(long now) {
        this.at = now;
    }

    /**
     * Something was done.
     *
     * @return for how long, in nanoseconds, nothing more is to be done
     */
    long worked(long begin, long end) {
        credit = Math.min(FREE_NANOS, credit + (end - at) * SHARE) - (end - begin);
        at = end;
        return credit >= 0 ? 0 : Math.min(LONGEST_REST_NANOS, (long) (-credit / SHARE));
    }
}
