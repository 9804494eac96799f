package dev.ringfence.api.rest;

import dev.ringfence.api.access.Access;
import jakarta.ws.rs.container.ContainerRequestContext;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * While the service listens on the loopback address only, it answers only to that address's names: a web page that has
 * its own name resolve to 127.0.0.1 (DNS rebinding) could otherwise speak to it through a browser on this host.
 */
public class LoopbackGuard {
    private final boolean loopbackOnly;

    LoopbackGuard(@ConfigProperty(name = "quarkus.http.host") String host) {
        this.loopbackOnly = Access.LOOPBACK.contains(host);
    }

    @ServerRequestFilter(preMatching = true)
    public void check(ContainerRequestContext request) {
        // Without a host when the header is none that an address can have.
        var host = request.getUriInfo().getRequestUri().getHost();
        if (loopbackOnly && (host == null || !Access.LOOPBACK.contains(host))) {
            throw new ForeignName(String.valueOf(request.getHeaderString("Host")));
        }
    }

    /** The Host header names another host; use one of this host's loopback names. */
    static final class ForeignName extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ForeignName(String name) {
            super("the Host header is \"" + name + "\", and the service listens on the loopback address only: use"
                    + " localhost, or set quarkus.http.host (--host) to serve other names");
        }
    }
}
