package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.access.Caller;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Stands before everything that is reached over HTTP, also before what is no resource of ours: whoever cannot prove who
 * it is gets no further than the probes and the description of the API.
 */
@Singleton
class AccessGuard {
    /** Read by anyone; the rest of the framework's addresses is for administrators. */
    private static final Set<String> OPEN = Set.of(
            "/q/health", "/q/health/live", "/q/health/ready", "/q/health/started", "/q/health/well", "/q/openapi");

    /** The page to try the API: it holds nothing of this service's, and sends the key that is typed into it. */
    private static final Pattern PAGE = Pattern.compile("/q/swagger-ui(/[A-Za-z0-9._-]*)?");

    /** What has no effect. */
    static final Set<HttpMethod> READING = Set.of(HttpMethod.GET, HttpMethod.HEAD);

    private static final String METRICS = "/q/metrics";

    /** Where the framework keeps what tells of the service itself. */
    private static final String FRAMEWORK = "/q";

    private static final String ORIGIN = "Origin";
    private static final String KEY = "ringfence.caller";

    /** Before all other filters but {@link LoopbackGuard}, so that nothing is done for strangers. */
    private static final int FIRST = 1000;

    private final ServiceGate gate;
    private final Audit audit;
    private final boolean openMetrics;

    AccessGuard(ServiceGate gate, Audit audit, RingfenceConfig config) {
        this.gate = gate;
        this.audit = audit;
        this.openMetrics = config.access().openMetrics();
    }

    void register(@Observes Filters filters) {
        filters.register(this::check, FIRST);
    }

    /** Who sent a request that came past this guard. */
    static Caller caller(RoutingContext request) {
        return known(request).orElseThrow(() -> new IllegalStateException("a request came past the access guard"));
    }

    /** Who sent a request, once that is known. */
    static Optional<Caller> known(RoutingContext request) {
        return Optional.ofNullable(request.get(KEY));
    }

    private void check(RoutingContext context) {
        var request = context.request();
        if (isOpen(context)) {
            context.next();
            return;
        }
        // Whoever takes the request on reads on; until then the body waits outside.
        request.pause();
        var here = context.vertx().getOrCreateContext();
        Uni.createFrom()
                .deferred(() -> gate.access().caller(Optional.ofNullable(request.getHeader("Authorization"))))
                .subscribe()
                .with(
                        caller -> here.runOnContext(_ -> pass(context, caller)),
                        failure -> here.runOnContext(_ -> refuse(context, failure)));
    }

    private boolean isOpen(RoutingContext context) {
        var path = context.normalizedPath();
        // One that only normalises to an open address is none.
        return READING.contains(context.request().method())
                && path.equals(context.request().path())
                && (OPEN.contains(path) || PAGE.matcher(path).matches() || (openMetrics && isAtOrBelow(METRICS, path)));
    }

    private static boolean isAtOrBelow(String place, String path) {
        return path.equals(place) || path.startsWith(place + "/");
    }

    private void pass(RoutingContext context, Caller caller) {
        context.put(KEY, caller);
        var request = context.request();
        // As the router reads the address, which takes what is below one of the framework's for that one.
        if (!caller.admin() && isAtOrBelow(FRAMEWORK, context.normalizedPath())) {
            refuse(context, new AccessException.Forbidden("metrics and what else is below /q are for administrators"));
        } else if (caller.equals(Caller.OPEN) && !READING.contains(request.method()) && isFromForeignPage(request)) {
            refuse(
                    context,
                    new AccessException.Forbidden("without a key, nothing is changed for a web page of "
                            + request.getHeader(ORIGIN) + "; `ringfence keys create` makes a key"));
        } else {
            context.next();
        }
    }

    /** Whether a browser sends this for a page that is not this service's own. */
    static boolean isFromForeignPage(HttpServerRequest request) {
        var origin = request.getHeader(ORIGIN);
        return origin != null && !origin.equalsIgnoreCase(request.scheme() + "://" + request.authority());
    }

    private void refuse(RoutingContext context, Throwable failure) {
        var problem = Problems.access(failure);
        if (failure instanceof AccessException.Unauthenticated || failure instanceof AccessException.Forbidden) {
            audit.refused(context, problem);
        }
        answer(context, problem);
    }

    /** Ends a request that no resource has seen. */
    static void answer(RoutingContext context, Problem problem) {
        var response = context.response().setStatusCode(problem.status());
        if (problem.status() == 401) {
            response.putHeader("WWW-Authenticate", "Bearer");
        }
        problem.retryAfterSeconds().ifPresent(seconds -> response.putHeader("Retry-After", seconds));
        if (context.request().version() != HttpVersion.HTTP_2) {
            // The body was not read, and what comes next on this connection could be part of it.
            response.putHeader("Connection", "close");
        }
        if (context.normalizedPath().startsWith("/v1/")) {
            response.putHeader("Content-Type", "application/json")
                    .end(problem.openAiForm().toString());
        } else {
            response.putHeader("Content-Type", Problem.MEDIA_TYPE)
                    .end(problem.json().toString());
        }
    }
}
