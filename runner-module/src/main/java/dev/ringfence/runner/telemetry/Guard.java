package dev.ringfence.runner.telemetry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps new jobs out while the host is too busy for them. It closes when a reading goes beyond its limit, and opens when
 * all that did have come back well within, so that it does not flap. What the kernel does not tell closes nothing.
 * Thread-safe.
 */
public final class Guard {
    private static final Logger LOG = Logger.getLogger(Guard.class);

    private final Supplier<Telemetry> telemetry;
    private final boolean enabled;
    private final List<Gauge> gauges;

    /**
     * An open one.
     *
     * @param telemetry readings that are as new as the answers are to be
     * @param enabled whether anybody is kept out
     */
    public Guard(GuardLimits limits, boolean enabled, Supplier<Telemetry> telemetry) {
        this.telemetry = telemetry;
        this.enabled = enabled;
        double resume = limits.resume() / 100;
        this.gauges = List.of(
                Gauge.below(
                        "cpu",
                        "processors used by others",
                        "%",
                        limits.cpu(),
                        resume,
                        5,
                        host -> host.processors().others()),
                Gauge.below(
                        "memory",
                        "memory in use",
                        "%",
                        limits.memory(),
                        resume,
                        5,
                        host -> host.memory().used()),
                Gauge.below(
                        "pressure.cpu",
                        "time in which some work waited for a processor",
                        "%",
                        limits.cpuPressure(),
                        resume,
                        10,
                        host -> host.cpuPressure().some10()),
                Gauge.below(
                        "pressure.memory",
                        "time in which all work waited for memory",
                        "%",
                        limits.memoryPressure(),
                        resume,
                        10,
                        host -> host.memoryPressure().full10()),
                Gauge.below(
                        "pressure.io",
                        "time in which all work waited for a disk",
                        "%",
                        limits.ioPressure(),
                        resume,
                        10,
                        host -> host.ioPressure().full10()),
                Gauge.below(
                        "zombies",
                        "ended processes that nobody waited for",
                        "",
                        limits.zombies(),
                        resume,
                        10,
                        host -> OptionalDouble.of(host.processes().zombies())),
                Gauge.above(
                        "disk-free",
                        "free bytes where the data is",
                        " bytes",
                        (double) limits.diskFree(),
                        resume,
                        30,
                        host -> free(host.disk())));
    }

    private static OptionalDouble free(Telemetry.Disk disk) {
        return disk.free().isPresent() ? OptionalDouble.of((double) disk.free().getAsLong()) : OptionalDouble.empty();
    }

    /**
     * Why nobody is let in now.
     *
     * @param key the setting that has the limit
     * @param reading what was read
     * @param resume where jobs are let in again
     */
    public record Refusal(
            String key, double reading, double limit, double resume, Duration retryAfter, String message) {}

    /** Looks at the host; empty when a job may come in. */
    public Optional<Refusal> check() {
        if (!enabled) {
            return Optional.empty();
        }
        var host = telemetry.get();
        // All are looked at, so that each knows how it stands.
        var closed = gauges.stream().filter(gauge -> gauge.look(host)).toList();
        return closed.stream().findFirst().map(Gauge::refusal);
    }

    /** The names of the limits, without the prefix of the settings. */
    public List<String> keys() {
        return gauges.stream().map(gauge -> gauge.key).toList();
    }

    /** What a gauge reads; NaN when the kernel does not tell. */
    public double reading(String key) {
        return gauge(key).reading.apply(telemetry.get()).orElse(Double.NaN);
    }

    /** What a gauge may read. */
    public double limit(String key) {
        return gauge(key).limit;
    }

    /** Whether a gauge keeps jobs out. */
    public boolean closed(String key) {
        return enabled && gauge(key).look(telemetry.get());
    }

    private Gauge gauge(String key) {
        return gauges.stream()
                .filter(gauge -> gauge.key.equals(key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no gauge " + key));
    }

    /** As the API shows it. */
    public ObjectNode json() {
        var refusal = check();
        var json = JsonNodeFactory.instance.objectNode().put("enabled", enabled).put("open", refusal.isEmpty());
        refusal.ifPresent(why -> json.put("reason", why.message()));
        var host = telemetry.get();
        var array = json.putArray("limits");
        gauges.forEach(gauge -> array.add(gauge.json(host, enabled)));
        return json;
    }

    /** One reading and its limit. */
    private static final class Gauge {
        private final String key;
        private final String what;
        private final String unit;
        private final double limit;
        private final double resume;
        private final boolean most;
        private final Duration retryAfter;
        private final Function<Telemetry, OptionalDouble> reading;
        private boolean closed;
        private double last;
        private @Nullable Instant since;

        private Gauge(
                String key,
                String what,
                String unit,
                double limit,
                double resume,
                boolean most,
                Duration retryAfter,
                Function<Telemetry, OptionalDouble> reading) {
            this.key = key;
            this.what = what;
            this.unit = unit;
            this.limit = limit;
            this.resume = resume;
            this.most = most;
            this.retryAfter = retryAfter;
            this.reading = reading;
        }

        /** One that must stay below its limit. */
        static Gauge below(
                String key,
                String what,
                String unit,
                double limit,
                double resume,
                int seconds,
                Function<Telemetry, OptionalDouble> reading) {
            return new Gauge(key, what, unit, limit, limit * resume, true, Duration.ofSeconds(seconds), reading);
        }

        /** One that must stay above its limit. */
        static Gauge above(
                String key,
                String what,
                String unit,
                double limit,
                double resume,
                int seconds,
                Function<Telemetry, OptionalDouble> reading) {
            return new Gauge(key, what, unit, limit, limit / resume, false, Duration.ofSeconds(seconds), reading);
        }

        /** Whether it is closed, after this look. */
        synchronized boolean look(Telemetry host) {
            var value = reading.apply(host);
            if (value.isPresent()) {
                last = value.getAsDouble();
            }
            boolean now = value.isPresent() && beyond(last, closed ? resume : limit);
            if (now != closed) {
                closed = now;
                since = Instant.now();
                if (closed) {
                    LOG.warnf("no new jobs are let in: %s", message());
                } else {
                    LOG.infof(
                            "ringfence.guard.%s lets new jobs in again: %s is at %s%s", key, what, number(last), unit);
                }
            }
            return closed;
        }

        private boolean beyond(double value, double bound) {
            return most ? value > bound : value < bound;
        }

        synchronized Refusal refusal() {
            return new Refusal("ringfence.guard." + key, last, limit, resume, retryAfter, message());
        }

        private String message() {
            return what + ": " + number(last) + unit + ", where ringfence.guard." + key + " allows "
                    + (most ? "" : "no less than ") + number(limit) + unit + "; jobs are let in again "
                    + (most ? "at " : "from ") + number(resume) + unit;
        }

        synchronized ObjectNode json(Telemetry host, boolean enabled) {
            var json = JsonNodeFactory.instance
                    .objectNode()
                    .put("key", "ringfence.guard." + key)
                    .put("what", what);
            reading.apply(host).ifPresent(value -> json.put("reading", number(value)));
            json.put("limit", number(limit)).put("resume", number(resume)).put("closed", enabled && closed);
            if (since != null) {
                json.put("since", since.toString());
            }
            return json;
        }

        private static BigDecimal number(double value) {
            var rounded = Telemetry.rounded(value, 1);
            return rounded.stripTrailingZeros().scale() <= 0 ? rounded.setScale(0) : rounded;
        }
    }
}
