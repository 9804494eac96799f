package dev.ringfence.runner.telemetry;

import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.telemetry.Telemetry.Disk;
import dev.ringfence.runner.telemetry.Telemetry.Load;
import dev.ringfence.runner.telemetry.Telemetry.Memory;
import dev.ringfence.runner.telemetry.Telemetry.Pressure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads the host's load, from files of the kernel only. A reading is used for a tenth of a second by all who ask; the
 * counters of processors and processes are looked at by a thread of its own, once a second. Thread-safe.
 */
public final class HostTelemetry implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(HostTelemetry.class);
    private static final long FRESH_NANOS = Duration.ofMillis(100).toNanos();
    private static final long PERIOD_NANOS = Duration.ofSeconds(1).toNanos();

    private final Path proc;
    private final Path data;
    private final LongSupplier clock;
    private final GroupLimits groups;
    private final Accelerators accelerators;
    private final ProcessorTimes processors;
    private final ProcessCount processes;
    private volatile @Nullable Reading last;
    private volatile boolean closed;

    private record Reading(long nanos, Telemetry telemetry) {}

    HostTelemetry(Path proc, Path sys, Path data, Supplier<Duration> jobs, IntPredicate ofJobs, LongSupplier clock) {
        this.proc = proc;
        this.data = data;
        this.clock = clock;
        this.groups = GroupLimits.of(proc);
        this.accelerators = Accelerators.of(proc, sys);
        this.processors = new ProcessorTimes(proc, jobs);
        this.processes = new ProcessCount(proc, ofJobs);
        sample();
    }

    /**
     * Begins to look at this host.
     *
     * @param data where the service keeps its data
     * @param jobs the processor time of all processes that the service has started and that still run
     */
    public static HostTelemetry on(Path data, Supplier<Duration> jobs) {
        var telemetry = new HostTelemetry(
                Path.of("/proc"), Path.of("/sys"), data, jobs, Census::isOfRunningJob, System::nanoTime);
        Thread.ofVirtual().name("telemetry").start(telemetry::keepSampling);
        return telemetry;
    }

    private void keepSampling() {
        boolean told = false;
        while (!closed) {
            LockSupport.parkNanos(PERIOD_NANOS);
            try {
                sample();
                told = false;
            } catch (RuntimeException e) {
                // The next look may succeed; meanwhile the older readings hold.
                if (!told) {
                    LOG.warn("The host's load could not be looked at", e);
                }
                told = true;
            }
        }
    }

    /** Looks at what needs to be looked at regularly. */
    final synchronized void sample() {
        long now = clock.getAsLong();
        processors.sample(now);
        if (processes.due(now)) {
            processes.count(now);
        }
    }

    /** The host as it was a tenth of a second ago at most. */
    public Telemetry read() {
        var known = last;
        long now = clock.getAsLong();
        return known != null && now - known.nanos() < FRESH_NANOS ? known.telemetry() : readNow();
    }

    private synchronized Telemetry readNow() {
        var known = last;
        long now = clock.getAsLong();
        // Another thread may have read while this one waited.
        if (known != null && now - known.nanos() < FRESH_NANOS) {
            return known.telemetry();
        }
        var telemetry = new Telemetry(
                Instant.now(),
                processors.now(now),
                load(),
                memory(),
                disk(),
                pressure("cpu"),
                pressure("memory"),
                pressure("io"),
                processes.last(),
                accelerators.read());
        last = new Reading(now, telemetry);
        return telemetry;
    }

    private Load load() {
        String[] fields = KernelText.read(proc.resolve("loadavg")).split(" ", 4);
        return new Load(average(fields, 0), average(fields, 1), average(fields, 2));
    }

    private static OptionalDouble average(String[] fields, int index) {
        try {
            return index < fields.length
                    ? OptionalDouble.of(Double.parseDouble(fields[index]))
                    : OptionalDouble.empty();
        } catch (NumberFormatException e) {
            return OptionalDouble.empty();
        }
    }

    private Memory memory() {
        var text = KernelText.read(proc.resolve("meminfo"));
        var total = bytes(text, "MemTotal:");
        return new Memory(
                total,
                bytes(text, "MemAvailable:"),
                bytes(text, "SwapTotal:"),
                bytes(text, "SwapFree:"),
                groups.memory(total));
    }

    private static OptionalLong bytes(String text, String key) {
        var kibibytes = KernelText.number(text, key);
        return kibibytes.isPresent() ? OptionalLong.of(kibibytes.getAsLong() * 1024) : kibibytes;
    }

    private Disk disk() {
        try {
            var store = Files.getFileStore(data);
            return new Disk(OptionalLong.of(store.getTotalSpace()), OptionalLong.of(store.getUsableSpace()));
        } catch (IOException e) {
            LOG.debugf("the room where the data is is not known: %s", e.getMessage());
            return Disk.UNKNOWN;
        }
    }

    /** The host's, or the service's control group's, whichever is higher. */
    private Pressure pressure(String what) {
        var host = KernelText.read(proc.resolve("pressure").resolve(what));
        var group = groups.pressure(what);
        return new Pressure(
                higher(host, group, "some", "avg10"),
                higher(host, group, "some", "avg60"),
                higher(host, group, "full", "avg10"),
                higher(host, group, "full", "avg60"));
    }

    private static OptionalDouble higher(String host, String group, String line, String field) {
        var first = KernelText.field(host, line, field);
        var second = KernelText.field(group, line, field);
        if (first.isEmpty() || second.isEmpty()) {
            return first.isPresent() ? first : second;
        }
        return OptionalDouble.of(Math.max(first.getAsDouble(), second.getAsDouble()));
    }

    @Override
    public void close() {
        closed = true;
    }
}
