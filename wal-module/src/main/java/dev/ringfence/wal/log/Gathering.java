package dev.ringfence.wal.log;

/**
 * How long the writer waits for more records before it syncs those it has.
 *
 * <p>Callers that were just told often append again at once, each a little later than the one before. Without a wait the
 * first of them would have a sync for itself, and all others would wait for its end. So the writer expects as many as it
 * has just told, besides those that came during the sync, for a part of the time that a sync takes. When they do not
 * come, and again do not come, it stops waiting for ever longer: whoever appends now and then hardly pays for it.
 */
final class Gathering {
    private static final long SHORTEST = 50_000;
    private static final long LONGEST = 1_000_000;
    private static final int LONGEST_PAUSE = 64;

    private int told = 1;
    private long patience = SHORTEST;
    private int nextPause;
    private int paused;

    /** So many more are worth waiting for. */
    int expected() {
        return told;
    }

    /** For at most so many nanoseconds. */
    long patience() {
        return paused > 0 ? 0 : patience;
    }

    /** So many came, and that was enough or not. */
    void taken(int records, boolean enough) {
        told = records;
        if (paused > 0) {
            paused--;
        } else if (enough) {
            nextPause = 0;
        } else {
            // The first time is nothing: a caller may have ended.
            paused = nextPause;
            nextPause = Math.min(LONGEST_PAUSE, 2 * nextPause + 1);
        }
    }

    /** A sync took so many nanoseconds. */
    void synced(long nanos) {
        patience = Math.clamp(nanos / 2, SHORTEST, LONGEST);
    }
}
