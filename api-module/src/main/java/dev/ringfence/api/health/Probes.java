package dev.ringfence.api.health;

import dev.ringfence.api.Ringfence;
import dev.ringfence.api.RingfenceProducer;
import dev.ringfence.runner.engine.EngineLoad;
import dev.ringfence.wal.log.Health;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/** The three probes. None of them starts, asks or waits for a model. */
@Singleton
public class Probes {
    private final RingfenceProducer service;

    Probes(RingfenceProducer service) {
        this.service = service;
    }

    /** The journal has been recovered. */
    @Produces
    @Startup
    HealthCheck started() {
        return () -> HealthCheckResponse.builder()
                .name("journal recovered")
                .status(service.ready().isPresent())
                .build();
    }

    /** The journal and the logs beside it can be written, and the service is not about to stop. */
    @Produces
    @Readiness
    HealthCheck ready() {
        return () -> {
            var response = HealthCheckResponse.builder().name("journal writable, not draining");
            var open = service.ready();
            if (open.isEmpty()) {
                return response.down().withData("reason", "starting").build();
            }
            if (open.get().jobs().draining()) {
                return response.down().withData("reason", "draining").build();
            }
            // A host that is too busy is no reason to send nothing: what runs can still be asked for and cancelled.
            response.withData(
                    "guard",
                    open.get()
                            .guard()
                            .check()
                            .map(why -> "closed: " + why.message())
                            .orElse("open"));
            tell(response, open.get().engines().load());
            return unwritable(open.get())
                    .map(why -> response.down().withData("reason", why))
                    .orElseGet(response::up)
                    .build();
        };
    }

    /** How busy the engines are, which is no reason to send nothing; as the pool knows it, so no engine is asked. */
    static void tell(HealthCheckResponseBuilder response, EngineLoad engines) {
        response.withData("engines_ready", engines.ready())
                .withData("engines_loading", engines.loading())
                .withData("engines_failed", engines.failed())
                .withData("slots", engines.slots())
                .withData("slots_busy", engines.busySlots())
                .withData("requests_waiting", engines.waiting());
    }

    /** Why a log cannot be written, of the first that cannot. */
    static Optional<String> unwritable(Ringfence open) {
        return why("", open.journal().health())
                .or(() -> why("sessions: ", open.sessions().health()))
                .or(() -> why("webhooks: ", open.webhooks().health()));
    }

    private static Optional<String> why(String log, Health health) {
        return switch (health) {
            case Health.Writable _ -> Optional.empty();
            case Health.Full full -> Optional.of(log + full.reason());
            case Health.Failed failed -> Optional.of(log + failed.reason());
            case Health.Closed _ -> Optional.of(log + "closed");
        };
    }

    /** The process answers. */
    @Produces
    @Liveness
    HealthCheck live() {
        return () -> HealthCheckResponse.up("process answers");
    }
}
