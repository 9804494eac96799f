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
 * @param giveUp once the pauses between attempts come to so much
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

    /** How much of a pause is left that ends at a time; no more than the longest, wherever the time of day has jumped. */
    Duration left(Instant until, Instant now) {
        var left = Duration.between(now, until);
        return left.isNegative() ? Duration.ZERO : left.compareTo(longestRetry) > 0 ? longestRetry : left;
    }

    /** The pause after so many attempts; spread, so that not all who failed together come together. */
    Duration pause(int attempts) {
        double pause = firstRetry.toMillis() * Math.pow(FACTOR, attempts - 1.0);
        double spread = 1 - SPREAD + 2 * SPREAD * ThreadLocalRandom.current().nextDouble();
        return Duration.ofMillis((long) Math.min(pause * spread, (double) longestRetry.toMillis()));
    }
}
