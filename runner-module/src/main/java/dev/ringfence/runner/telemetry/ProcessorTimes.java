package dev.ringfence.runner.telemetry;

import dev.ringfence.runner.process.ProcStat;
import dev.ringfence.runner.telemetry.Telemetry.Processors;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/**
 * What the processors were busy with: differences of counters over the last half minute. Not thread-safe.
 *
 * <p>The service's own share is its processes' time and that of all children it has waited for, from
 * {@code self/stat}, and that of its jobs that still run, from a function.
 */
final class ProcessorTimes {
    /** Long enough that a short burst keeps no job out, short enough to notice soon. */
    static final Duration WINDOW = Duration.ofSeconds(30);

    private static final int TRIES = 3;
    private static final double TICKS_PER_SECOND = 100;

    private final Path proc;
    private final Supplier<Duration> jobs;
    private final ArrayDeque<Sample> samples = new ArrayDeque<>();

    /**
     * @param nanos when
     * @param busy ticks of all processors
     * @param total ticks of all processors, idle ones included
     * @param own ticks of the service and its jobs
     */
    private record Sample(long nanos, int count, long busy, long total, double own) {}

    ProcessorTimes(Path proc, Supplier<Duration> jobs) {
        this.proc = proc;
        this.jobs = jobs;
    }

    /** Takes a sample; the last half minute's are kept. */
    void sample(long nanos) {
        read(nanos).ifPresent(sample -> {
            samples.addLast(sample);
            // One from before the window stays, so that the window is whole.
            while (samples.size() > 2 && nanos - second().nanos() >= WINDOW.toNanos()) {
                samples.removeFirst();
            }
        });
    }

    private Sample second() {
        var each = samples.iterator();
        each.next();
        return each.next();
    }

    /** From the oldest sample to now. */
    Processors now(long nanos) {
        var now = read(nanos);
        var then = samples.peekFirst();
        if (now.isEmpty()) {
            return new Processors(
                    Runtime.getRuntime().availableProcessors(),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    Duration.ZERO);
        }
        var end = now.get();
        if (then == null || end.total() <= then.total()) {
            return new Processors(end.count(), OptionalDouble.empty(), OptionalDouble.empty(), Duration.ZERO);
        }
        double total = (double) (end.total() - then.total());
        double busy = (double) (end.busy() - then.busy());
        double own = Math.max(0, end.own() - then.own());
        return new Processors(
                end.count(),
                OptionalDouble.of(within(100 * busy / total)),
                OptionalDouble.of(within(100 * (busy - own) / total)),
                Duration.ofNanos(nanos - then.nanos()));
    }

    private static double within(double percent) {
        return Math.clamp(percent, 0, 100);
    }

    private Optional<Sample> read(long nanos) {
        var stat = KernelText.read(proc.resolve("stat"));
        int end = stat.indexOf('\n');
        if (!stat.startsWith("cpu ") || end < 0) {
            return Optional.empty();
        }
        // cpu user nice system idle iowait irq softirq steal guest guest_nice; the guests' are in user and nice as
        // well.
        String[] fields = stat.substring(0, end).split(" +", -1);
        long total = 0;
        for (int i = 1; i < Math.min(fields.length, 9); i++) {
            total += KernelText.number(fields[i]).orElse(0);
        }
        long idle = ticks(fields, 4) + ticks(fields, 5);
        // What the hypervisor gave to others is neither idle nor anybody's work here.
        long stolen = ticks(fields, 8);
        return Optional.of(new Sample(nanos, count(stat), total - idle - stolen, total, own()));
    }

    private static long ticks(String[] fields, int index) {
        return index < fields.length ? KernelText.number(fields[index]).orElse(0) : 0;
    }

    private static int count(String stat) {
        int count = 0;
        for (int at = stat.indexOf("\ncpu"); at >= 0; at = stat.indexOf("\ncpu", at + 1)) {
            count++;
        }
        return Math.max(1, count);
    }

    private double own() {
        long[] before = times();
        for (int i = 0; ; i++) {
            double running = jobs.get().toMillis() / 1000.0 * TICKS_PER_SECOND;
            long[] after = times();
            // A job that ended meanwhile may have been missed by both: then all is read again.
            if (after[1] == before[1] || i == TRIES) {
                return (double) (after[0] + after[1]) + running;
            }
            before = after;
        }
    }

    /** User and system time of the service, and of the children it has waited for, in ticks. */
    private long[] times() {
        return ProcStat.of(KernelText.read(proc.resolve("self/stat")))
                .map(stat -> new long[] {stat.ownTicks(), stat.waitedTicks()})
                .orElse(new long[] {0, 0});
    }
}
