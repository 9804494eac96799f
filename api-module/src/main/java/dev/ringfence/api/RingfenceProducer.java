package dev.ringfence.api;

import dev.ringfence.api.access.Access;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** Opens the service when Quarkus has started, closes it when Quarkus stops, and hands it to the resources. */
@Singleton
public class RingfenceProducer {
    private final RingfenceConfig config;
    private final Metrics metrics;
    private final String host;
    private volatile @Nullable Access access;
    private volatile @Nullable Ringfence service;

    RingfenceProducer(
            RingfenceConfig config, Metrics metrics, @ConfigProperty(name = "quarkus.http.host") String host) {
        this.config = config;
        this.metrics = metrics;
        this.host = host;
    }

    void open(@Observes @Priority(1) StartupEvent event) {
        var door = Access.of(config.access(), config.data());
        door.requireForAddress(host);
        access = door;
        var opened = Ringfence.open(config, metrics, metrics);
        metrics.watch(opened.jobs());
        service = opened;
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

    /** Empty for the first moments of the process. */
    public Optional<Access> access() {
        return Optional.ofNullable(access);
    }

    /** Empty until the service has recovered. */
    public Optional<Ringfence> ready() {
        return Optional.ofNullable(service);
    }
}
