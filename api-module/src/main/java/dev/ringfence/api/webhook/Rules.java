package dev.ringfence.api.webhook;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How messages are sent.
 *
 * @param timeout of one attempt
 * @param firstRetry after the first attempt; each further pause is three times as long
 * @param longestRetry no pause is longer
 * @param giveUp so long after the job's end
 */
public record Rules(Duration timeout, Duration firstRetry, Duration longestRetry, Duration giveUp) {
    private static final double FACTOR = 3;
    private static final double SPREAD = 0.2;

    public Rules {
        for (var each : new Duration[] {timeout, firstRetry, longestRetry, giveUp}) {
            if (each.toMillis() < 1) {
                throw new IllegalArgumentException("a duration is " + each + ", which is shorter than 1 ms");
            }
        }
    }

    /** A time of the next attempt, or the latest that is possible if it is later than that. */
    Instant atLatest(Instant next, Instant now) {
        var latest = now.plus(longestRetry);
        return next.isAfter(latest) ? latest : next;
    }

    /** When it is tried again after so many attempts; spread, so that not all who failed together come together. */
    Instant next(int attempts, Instant now) {
        double pause = firstRetry.toMillis() * Math.pow(FACTOR, attempts - 1.0);
        double spread = 1 - SPREAD + 2 * SPREAD * ThreadLocalRandom.current().nextDouble();
        return now.plusMillis((long) Math.min(pause * spread, (double) longestRetry.toMillis()));
    }
}
