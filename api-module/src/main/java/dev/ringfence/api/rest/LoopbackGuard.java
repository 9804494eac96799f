package dev.ringfence.api.rest;

import dev.ringfence.api.access.Access;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Locale;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * While the service listens on the loopback address only, it answers only to that address's names: a web page that has
 * its own name resolve to 127.0.0.1 (DNS rebinding) could otherwise speak to it through a browser on this host.
 */
@Singleton
class LoopbackGuard {
    /** Before the guard that tells callers apart: it lets some addresses through. */
    private static final int FIRST = 1100;

    private final boolean loopbackOnly;

    private final Audit audit;

    LoopbackGuard(@ConfigProperty(name = "quarkus.http.host") String host, Audit audit) {
        this.audit = audit;
        this.loopbackOnly = Access.LOOPBACK.contains(host);
    }

    void register(@Observes Filters filters) {
        if (loopbackOnly) {
            filters.register(this::check, FIRST);
        }
    }

    private void check(RoutingContext context) {
        // Null when the header is missing, or none that an address can have.
        var authority = context.request().authority();
        if (authority != null && Access.LOOPBACK.contains(authority.host().toLowerCase(Locale.ROOT))) {
            context.next();
        } else {
            var problem = new Problem(
                    421,
                    "foreign-host-name",
                    "Not this service's name",
                    "the Host header is \"" + context.request().getHeader("Host")
                            + "\", and the service listens on the loopback address only: use localhost, or set"
                            + " quarkus.http.host (--host) to serve other names");
            audit.refused(context, problem);
            AccessGuard.answer(context, problem);
        }
    }
}
