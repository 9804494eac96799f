package dev.ringfence.api.rest;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.MediaType;

/** Answers what the layers below the resources cannot read with a problem too, and not with an error of their own. */
@Singleton
class MalformedRequests {
    /** Behind the guard that tells callers apart. */
    private static final int SECOND = 900;

    private static final int BAD_REQUEST = 400;
    private static final String FRAMEWORK = "/q/";

    void register(@Observes Filters filters) {
        filters.register(MalformedRequests::check, SECOND);
    }

    /** Before the framework's own handler of failures. */
    void register(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE).failureHandler(MalformedRequests::failed);
    }

    private static void check(RoutingContext context) {
        var path = context.request().path();
        if (path != null && path.indexOf(';') >= 0 && !path.startsWith(FRAMEWORK)) {
            // The framework would take them for parameters of the path, decode what is left, and fail on the result.
            refuse(context, "the address has a semicolon, behind which nothing is known here; encode it as %3B");
            return;
        }
        for (var type : context.request().headers().getAll("Content-Type")) {
            if (!isMediaType(type)) {
                refuse(context, "the header Content-Type is no media type; send application/json");
                return;
            }
        }
        context.next();
    }

    private static boolean isMediaType(String type) {
        try {
            return MediaType.valueOf(type).getSubtype() != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Vert.x itself refuses an address without a path and a Host header without a host, before it looks for who answers. */
    private static void failed(RoutingContext context) {
        if (context.statusCode() == BAD_REQUEST) {
            refuse(context, "the address, or the header Host, is none that HTTP knows");
        } else {
            context.next();
        }
    }

    private static void refuse(RoutingContext context, String why) {
        AccessGuard.answer(
                context, new Problem(BAD_REQUEST, "malformed-header", "The request cannot be understood", why));
    }
}
