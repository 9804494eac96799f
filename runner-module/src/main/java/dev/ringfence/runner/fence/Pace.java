package dev.ringfence.runner.fence;

/**
 * Whether something is used faster than allowed: credit grows with time and shrinks with use. Little of it is kept, so
 * that a job that was idle cannot make up for it at once. Used by one thread.
 */
final class Pace {
    private static final double KEPT_SECONDS = 0.1;

    private final double perSecond;
    private double credit;
    private double used;
    private long at;

    /**
     * Starts with a little credit.
     *
     * @param now by {@link System#nanoTime}
     */
    Pace(double perSecond, long now) {
        this.perSecond = perSecond;
        this.credit = perSecond * KEPT_SECONDS;
        this.at = now;
    }

    /**
     * Whether the user is ahead of its allowance.
     *
     * @param total used so far. Less than before means that some of the counted is gone, and counts as nothing used
     */
    boolean ahead(double total, long now) {
        credit = Math.min(credit + perSecond * (now - at) / 1e9, perSecond * KEPT_SECONDS);
        credit -= Math.max(0, total - used);
        used = total;
        at = now;
        return credit < 0;
    }
}
