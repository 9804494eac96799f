package dev.ringfence.runner.engine;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Rings by the monotonic clock. What it runs must return soon. */
final class Alarms implements AutoCloseable {
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("engine-alarms").factory());

    Alarms() {
        clock.setRemoveOnCancelPolicy(true);
        clock.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** An alarm that has not rung yet; closing it silences it. */
    interface Alarm extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * After {@link #close()} an alarm rings as soon as it is set, so that nobody begins to wait. Those that were set
     * before do not ring any more: whoever closes has ended what they watched.
     */
    Alarm after(Duration wait, Runnable ring) {
        try {
            ScheduledFuture<?> alarm = clock.schedule(ring, saturatedNanos(wait), TimeUnit.NANOSECONDS);
            return () -> alarm.cancel(false);
        } catch (RejectedExecutionException e) {
            ring.run();
            return () -> {};
        }
    }

    /** Centuries are the same as for ever. */
    private static long saturatedNanos(Duration wait) {
        return wait.compareTo(Duration.ofDays(36_500)) > 0 ? Long.MAX_VALUE / 2 : wait.toNanos();
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
