package dev.ringfence.api.rest;

import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.access.Caller;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Singleton;
import java.net.InetAddress;
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
    public void check() {
        var caller = AccessGuard.caller(current.getCurrent());
        if (!caller.admin()) {
            throw new AccessException.Forbidden("this is for administrators");
        }
        if (caller.equals(Caller.OPEN)) {
            checkOpen(current.getCurrent().request());
        }
    }

    private static void checkOpen(HttpServerRequest request) {
        var peer = request.remoteAddress();
        if (peer == null || !isLoopback(peer.hostAddress())) {
            throw notHere("it is called from another host");
        }
        for (var header : OF_PROXIES) {
            if (request.getHeader(header) != null) {
                throw notHere("it is called through a proxy (" + header + ")");
            }
        }
        if (AccessGuard.isFromForeignPage(request)) {
            throw notHere("it is called from a web page of " + request.getHeader("Origin"));
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
}
