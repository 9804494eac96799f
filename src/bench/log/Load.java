package log;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;

/** Writers that each have one record under way: when it is durable, the next one follows. */
final class Load {
    /** Appends one record, and calls back with nothing once it is durable, or with what went wrong. */
    interface Target {
        void append(int writer, java.util.function.Consumer<Throwable> done);
    }

    record Result(double perSecond, double p50Micros, double p99Micros) {}

    private Load() {}

    static Result run(Target target, int writers, double seconds) throws Exception {
        once(target, writers, Math.min(1, seconds / 3), value -> {});
        var times = new Histogram();
        var rate = once(target, writers, seconds, times::record);
        return new Result(rate, times.quantile(0.5) / 1e3, times.quantile(0.99) / 1e3);
    }

    private static double once(Target target, int writers, double seconds, LongConsumer times) throws Exception {
        var begun = System.nanoTime();
        var end = begun + (long) (seconds * 1e9);
        var left = new CountDownLatch(writers);
        var count = new java.util.concurrent.atomic.LongAdder();
        var failure = new java.util.concurrent.atomic.AtomicReference<Throwable>();
        for (int i = 0; i < writers; i++) {
            new Writer(target, i, end, left, count, failure, times).next();
        }
        left.await();
        if (failure.get() != null) {
            throw new IllegalStateException(failure.get());
        }
        return count.sum() / ((System.nanoTime() - begun) / 1e9);
    }

    private static final class Writer {
        private final Target target;
        private final int number;
        private final long end;
        private final CountDownLatch left;
        private final java.util.concurrent.atomic.LongAdder count;
        private final java.util.concurrent.atomic.AtomicReference<Throwable> failure;
        private final LongConsumer times;
        private volatile long sent;
        /** Keeps an answer that comes at once from deepening the stack. */
        private final AtomicInteger due = new AtomicInteger();

        Writer(Target target, int number, long end, CountDownLatch left, java.util.concurrent.atomic.LongAdder count,
                java.util.concurrent.atomic.AtomicReference<Throwable> failure, LongConsumer times) {
            this.target = target;
            this.number = number;
            this.end = end;
            this.left = left;
            this.count = count;
            this.failure = failure;
            this.times = times;
        }

        void next() {
            if (due.getAndIncrement() > 0) {
                return;
            }
            do {
                if (System.nanoTime() >= end || failure.get() != null) {
                    left.countDown();
                    return;
                }
                sent = System.nanoTime();
                target.append(number, this::done);
            } while (due.decrementAndGet() > 0);
        }

        private void done(Throwable why) {
            if (why != null) {
                failure.compareAndSet(null, why);
            } else {
                times.accept(System.nanoTime() - sent);
                count.increment();
            }
            next();
        }
    }

    /** Nanoseconds in buckets two per cent wide. */
    static final class Histogram {
        private final java.util.concurrent.atomic.AtomicLongArray counts =
                new java.util.concurrent.atomic.AtomicLongArray(2048);

        void record(long nanos) {
            counts.incrementAndGet((int) Math.min(2047, Math.log(Math.max(1, nanos)) / Math.log(1.02)));
        }

        double quantile(double q) {
            long total = 0;
            for (int i = 0; i < counts.length(); i++) {
                total += counts.get(i);
            }
            long seen = 0;
            for (int i = 0; i < counts.length(); i++) {
                seen += counts.get(i);
                if (seen >= q * total) {
                    return Math.pow(1.02, i + 1);
                }
            }
            return 0;
        }
    }
}
