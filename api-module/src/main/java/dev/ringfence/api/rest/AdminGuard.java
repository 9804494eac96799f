package dev.ringfence.api.rest;

import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.access.Caller;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerRequestContext;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Lets administrators pass. As long as no key exists, that is whoever calls from this host itself: not from another one,
 * also not through a proxy of this host, and not from a web page that a browser of this host shows.
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
        var caller = AccessGuard.caller(current.getCurrent());
        if (!caller.admin()) {
            throw new AccessException.Forbidden("this is for administrators");
        }
        if (caller.equals(Caller.OPEN)) {
            checkOpen(request);
        }
    }

    private void checkOpen(ContainerRequestContext request) {
        var peer = current.getCurrent().request().remoteAddress();
        if (peer == null || !isLoopback(peer.hostAddress())) {
            throw notHere("it is called from another host");
        }
        for (var header : OF_PROXIES) {
            if (request.getHeaderString(header) != null) {
                throw notHere("it is called through a proxy (" + header + ")");
            }
        }
        var origin = request.getHeaderString("Origin");
        if (origin != null && !sameOrigin(origin, request.getUriInfo().getRequestUri())) {
            throw notHere("it is called from a web page of " + origin);
        }
    }

    private static AccessException.Forbidden notHere(String why) {
        return new AccessException.Forbidden(
                "without a key, this is for whoever calls from the service's own host, and " + why
                        + "; `ringfence keys create` makes a key");
    }

    private static boolean isLoopback(String address) {
        return address != null && InetAddress.ofLiteral(address).isLoopbackAddress();
    }

    private static boolean sameOrigin(String origin, URI request) {
        return origin.equals(request.getScheme() + "://" + request.getAuthority());
    }
}
