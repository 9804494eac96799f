package dev.ringfence.api;

import io.quarkus.runtime.Quarkus;
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
    private static final int CONFIGURATION_ERROR = 78;

    private final RingfenceConfig config;
    private final Metrics metrics;
    private volatile @Nullable Ringfence service;

    RingfenceProducer(RingfenceConfig config, Metrics metrics) {
        this.config = config;
        this.metrics = metrics;
    }

    void open(@Observes @Priority(1) StartupEvent event) {
        try {
            var opened = Ringfence.open(config, metrics, metrics);
            metrics.watch(opened.jobs());
            service = opened;
        } catch (StartupFailure e) {
            // An exception here would only add a stack trace: what is wrong is outside, and said.
            System.err.println("ringfence: " + e.getMessage());
            Quarkus.asyncExit(CONFIGURATION_ERROR);
        }
    }

    /** While HTTP still answers: readiness is down, jobs can be looked at and cancelled, none is admitted. */
    void drain(@Observes ShutdownDelayInitiatedEvent event) {
        ready().ifPresent(open -> open.jobs().drain(config.drainTimeout()));
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
