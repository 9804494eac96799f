package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceProducer;
import dev.ringfence.api.access.Caller;
import dev.ringfence.api.journal.AuditTrail;
import dev.ringfence.wal.journal.Audited;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells the journal who asked for what over HTTP, where that is no job, or was refused. */
@Singleton
public class Audit {
    private final RingfenceProducer producer;
    private final CurrentVertxRequest current;

    Audit(RingfenceProducer producer, CurrentVertxRequest current) {
        this.producer = producer;
        this.current = current;
    }

    /**
     * The request that this thread serves did something.
     *
     * @param action a stable word
     * @param agent whose thing it was, if it was an agent's
     * @param target what it was done to, if there is more than one such thing
     */
    void done(String action, @Nullable String agent, @Nullable String target) {
        producer.ready()
                .ifPresent(service -> service.audit().done(act(current.getCurrent(), action, agent, target, null)));
    }

    /** The request that this thread serves is refused. */
    public void refused(Problem problem) {
        refused(current.getCurrent(), problem);
    }

    /** A request is refused; without a service, which then does nothing for anyone, only its answer tells so. */
    void refused(RoutingContext request, Problem problem) {
        producer.ready()
                .ifPresent(service -> service.audit()
                        .refused(
                                problem.slug(),
                                act(
                                        request,
                                        "refused",
                                        AccessGuard.known(request)
                                                .flatMap(Caller::agent)
                                                .orElse(null),
                                        request.request().method() + " " + request.normalizedPath(),
                                        problem.slug() + ": " + problem.detail())));
    }

    private static Audited act(
            RoutingContext request,
            String action,
            @Nullable String agent,
            @Nullable String target,
            @Nullable String detail) {
        var peer = request.request().remoteAddress();
        return AuditTrail.act(
                action,
                AccessGuard.known(request).flatMap(Caller::credential).orElse(null),
                Optional.ofNullable(peer).map(address -> address.hostAddress()).orElse(null),
                agent,
                target,
                detail);
    }
}
