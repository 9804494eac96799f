package dev.ringfence.runner.fence.egress;

/**
 * Shares so many bytes a second among all who ask; a token bucket that holds a tenth of a second. Thread-safe. Time is
 * the caller's, by a monotonic clock in nanoseconds.
 */
final class Bandwidth {
    private static final long SECOND = 1_000_000_000L;
    private static final long BURST = SECOND / 10;

    private final long bytesPerSecond;

    /** When all that was taken so far is paid for. */
    private long paidAt;

    private boolean used;

    /** Zero for no limit. */
    Bandwidth(long bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /**
     * Takes bytes that were or will be moved.
     *
     * @return how many nanoseconds to wait before any more are moved; zero for none
     */
    synchronized long take(long bytes, long now) {
        if (bytesPerSecond == 0) {
            return 0;
        }
        if (!used || paidAt - (now - BURST) < 0) {
            paidAt = now - BURST;
            used = true;
        }
        paidAt += Math.ceilDiv(Math.multiplyExact(bytes, SECOND), bytesPerSecond);
        return Math.max(0, paidAt - now);
    }
}
