package dev.ringfence.api.rest;

import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerRequestContext;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Who calls for the operator. As long as nobody is authenticated, that is whoever calls from this host itself: not from
 * another one, also not through a proxy of this host, and not from a web page that a browser of this host shows.
 */
@Singleton
public class AdminGuard {
    private static final List<String> OF_PROXIES = List.of("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via");

    private final CurrentVertxRequest current;

    AdminGuard(CurrentVertxRequest current) {
        this.current = current;
    }

    @Admin
    @ServerRequestFilter
    public void check(ContainerRequestContext request) {
        var peer = current.getCurrent().request().remoteAddress();
        if (peer == null || !isLoopback(peer.hostAddress())) {
            throw new NotAdmin("it is called from another host; call it from the service's own");
        }
        for (var header : OF_PROXIES) {
            if (request.getHeaderString(header) != null) {
                throw new NotAdmin(
                        "it is called through a proxy (" + header + "); call it from the service's own host");
            }
        }
        var origin = request.getHeaderString("Origin");
        if (origin != null && !sameOrigin(origin, request.getUriInfo().getRequestUri())) {
            throw new NotAdmin("it is called from a web page of " + origin);
        }
    }

    private static boolean isLoopback(String address) {
        return address != null && InetAddress.ofLiteral(address).isLoopbackAddress();
    }

    private static boolean sameOrigin(String origin, URI request) {
        return origin.equals(request.getScheme() + "://" + request.getAuthority());
    }

    /** The caller is not the operator; only the operator may do this. */
    static final class NotAdmin extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotAdmin(String message) {
            super(message);
        }
    }
}
