package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Down;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How long an engine that failed may not be started again: not at all after a first failure, and after each further one
 * without an answer in between for a time that doubles up to half a minute. Not for several threads.
 */
final class BackOff {
    private static final Duration FIRST = Duration.ofMillis(500);
    private static final Duration LAST = Duration.ofSeconds(30);

    private final LongSupplier nanoTime;
    private int failures;
    private @Nullable Down lastFailure;
    private long notBefore;

    BackOff(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** The same failure with the time until a new start. */
    Down failed(Down why) {
        failures++;
        var wait = next();
        notBefore = nanoTime.getAsLong() + wait.toNanos();
        var failure = why.after(wait);
        lastFailure = failure;
        return failure;
    }

    /** The engine has shown that it works. */
    void answered() {
        failures = 0;
        lastFailure = null;
    }

    /** Null when it has answered since. */
    @Nullable Down lastFailure() {
        return lastFailure;
    }

    Duration untilNextStart() {
        return failures == 0 ? Duration.ZERO : Duration.ofNanos(Math.max(0, notBefore - nanoTime.getAsLong()));
    }

    private Duration next() {
        if (failures < 2) {
            return Duration.ZERO;
        }
        var doubled = FIRST.multipliedBy(1L << Math.min(failures - 2, 10));
        return doubled.compareTo(LAST) > 0 ? LAST : doubled;
    }
}
