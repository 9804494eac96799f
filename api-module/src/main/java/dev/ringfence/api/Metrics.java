package dev.ringfence.api;

import dev.ringfence.api.job.JobObserver;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.runner.engine.EngineLoad;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.telemetry.Guard;
import dev.ringfence.wal.log.LogObserver;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The names of metrics, in one place; those of models are in {@link ModelMetrics}. */
@Singleton
public class Metrics implements JobObserver, LogObserver {
    private final MeterRegistry registry;
    private final ModelMetrics models;
    private final Timer sync;
    private final DistributionSummary batch;
    private volatile @Nullable LiveCatalog catalog;

    Metrics(MeterRegistry registry) {
        this.registry = registry;
        this.models =
                new ModelMetrics(registry, () -> Optional.ofNullable(catalog).map(LiveCatalog::catalog));
        this.sync = Timer.builder("ringfence.journal.sync")
                .description("One sync of the journal to its disk")
                .publishPercentileHistogram()
                .register(registry);
        this.batch = DistributionSummary.builder("ringfence.journal.batch")
                .description("Events that one sync made durable")
                .register(registry);
    }

    void watch(LiveCatalog models) {
        catalog = models;
    }

    void watch(Guard guard) {
        for (var key : guard.keys()) {
            Gauge.builder("ringfence.guard.reading", guard, watched -> watched.reading(key))
                    .description("What the guard reads")
                    .tag("limit", key)
                    .register(registry);
            Gauge.builder("ringfence.guard.limit", guard, watched -> watched.limit(key))
                    .description("Beyond which it refuses new jobs")
                    .tag("limit", key)
                    .register(registry);
            Gauge.builder("ringfence.guard.closed", guard, watched -> watched.closed(key) ? 1 : 0)
                    .description("1 while new jobs are refused for it")
                    .tag("limit", key)
                    .register(registry);
        }
    }

    void watch(Jobs jobs) {
        Gauge.builder("ringfence.jobs.live", jobs, Jobs::live)
                .description("Jobs that run or wait")
                .register(registry);
    }

    void watch(LlamaServerPool engines) {
        gauge("ringfence.engines.ready", "Engines that are up", engines, EngineLoad::ready);
        gauge("ringfence.engines.loading", "Engines that load, or wait for memory to", engines, EngineLoad::loading);
        gauge("ringfence.engines.failed", "Engines whose last start or life ended badly", engines, EngineLoad::failed);
        gauge("ringfence.engines.slots", "Slots of engines that are up", engines, EngineLoad::slots);
        gauge("ringfence.engines.slots.busy", "Slots that are at work", engines, EngineLoad::busySlots);
        gauge("ringfence.engines.waiting", "Requests that wait for an engine or a slot", engines, EngineLoad::waiting);
        gauge("ringfence.engines.memory", "Bytes that engines need", engines, EngineLoad::memoryBytes);
        gauge("ringfence.engines.memory.budget", "Bytes that engines may need", engines, EngineLoad::memoryBudget);
    }

    private void gauge(String name, String description, LlamaServerPool engines, ToDoubleFunction<EngineLoad> value) {
        Gauge.builder(name, engines, pool -> value.applyAsDouble(pool.load()))
                .description(description)
                .register(registry);
    }

    @Override
    public void submitted(JobView job) {
        counter(
                        "ringfence.jobs.submitted",
                        "Jobs acknowledged",
                        "capability",
                        job.submission().capability())
                .increment();
    }

    @Override
    public void refused(String slug) {
        counter("ringfence.jobs.refused", "Jobs not admitted", "reason", slug).increment();
    }

    @Override
    public void ended(JobView job) {
        String capability = job.submission().capability();
        Counter.builder("ringfence.jobs.ended")
                .description("Jobs by the state they ended in")
                .tag("capability", capability)
                .tag("state", job.state().word())
                .register(registry)
                .increment();
        if (job.startedAt() != null && job.endedAt() != null) {
            Timer.builder("ringfence.job.duration")
                    .description("From the start of the work to its end")
                    .tag("capability", capability)
                    .tag("state", job.state().word())
                    .publishPercentileHistogram()
                    .register(registry)
                    .record(Duration.between(job.startedAt(), job.endedAt()));
        }
        models.ended(job);
    }

    @Override
    public void synced(int records, long bytes, Duration write, Duration took) {
        sync.record(took);
        batch.record(records);
    }

    private Counter counter(String name, String description, String tag, String value) {
        return Counter.builder(name).description(description).tag(tag, value).register(registry);
    }
}
