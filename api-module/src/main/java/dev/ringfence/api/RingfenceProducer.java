package dev.ringfence.api;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Opens the service when Quarkus has started, closes it when Quarkus stops, and hands it to the resources. */
@Singleton
public class RingfenceProducer {
    private final RingfenceConfig config;
    private final Metrics metrics;
    private volatile @Nullable Ringfence service;

    RingfenceProducer(RingfenceConfig config, Metrics metrics) {
        this.config = config;
        this.metrics = metrics;
    }

    void open(@Observes @Priority(1) StartupEvent event) {
        var opened = Ringfence.open(config, metrics, metrics);
        metrics.watch(opened.jobs());
        metrics.watch(opened.engines());
        service = opened;
        HangUp.on(opened.liveCatalog()::reloadOnSignal);
    }

    /** Comes before HTTP is closed: meanwhile readiness says that the service drains, and jobs can be asked for. */
    void drain(@Observes ShutdownDelayInitiatedEvent event) {
        var open = service;
        if (open != null) {
            open.drain();
        }
    }

    void close(@Observes ShutdownEvent event) {
        var open = service;
        if (open != null) {
            open.close();
        }
    }

    /** Empty until the service has recovered. */
    public Optional<Ringfence> ready() {
        return Optional.ofNullable(service);
    }
}
