package dev.ringfence.runner.engine;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Rings by the monotonic clock. What it runs must return soon. */
final class Alarms implements AutoCloseable {
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("engine-alarms").factory());

    private final LongSupplier nanoTime;

    Alarms() {
        this(System::nanoTime);
    }

    /** @param nanoTime by which {@link #awake} counts */
    Alarms(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
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

    /** A time that begins now. */
    AwakeTime awake(Duration limit) {
        return new AwakeTime(limit, nanoTime);
    }

    /** When a time is over, which it counts meanwhile. After {@link #close()} as soon as it is set, as above. */
    Alarm at(AwakeTime time, Runnable ring) {
        var ticking = new Ticking(time, ring);
        ticking.tick();
        return ticking;
    }

    private final class Ticking implements Alarm {
        private final AwakeTime time;
        private final Runnable ring;

        // Guarded by this.
        private boolean closed;
        private @Nullable Alarm next;

        Ticking(AwakeTime time, Runnable ring) {
            this.time = time;
            this.ring = ring;
        }

        void tick() {
            var left = time.left();
            if (left.isZero() || clock.isShutdown()) {
                if (!closed()) {
                    ring.run();
                }
            } else {
                wait(left.compareTo(AwakeTime.TICK) < 0 ? left : AwakeTime.TICK);
            }
        }

        private synchronized boolean closed() {
            return closed;
        }

        private synchronized void wait(Duration some) {
            if (!closed) {
                next = after(some, this::tick);
            }
        }

        @Override
        public synchronized void close() {
            closed = true;
            if (next != null) {
                next.close();
            }
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
