package dev.ringfence.api.rest;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Reads small bodies before a resource is asked: its thread then neither waits for a client that dawdles nor is handed
 * from the connection's thread to its own and back for each part of the body. Larger ones, and those that do not say how
 * long they are, are read by the resource, so that no more than this is held for anyone who has only begun to send.
 */
@Singleton
class SmallBodies {
    /** Behind what refuses a request for its head. */
    private static final int THIRD = 800;

    static final int MOST = 16 * 1024;

    private static final String BODY = "ringfence.body";

    private final Duration patience;

    SmallBodies(@ConfigProperty(name = "quarkus.http.read-timeout", defaultValue = "60s") Duration patience) {
        this.patience = patience;
    }

    void register(@Observes Filters filters) {
        filters.register(this::read, THIRD);
    }

    /** The whole body, if it was read already. */
    static Optional<InputStream> of(RoutingContext request) {
        return Optional.ofNullable(request.<Buffer>get(BODY)).map(body -> new ByteArrayInputStream(body.getBytes()));
    }

    private void read(RoutingContext context) {
        var request = context.request();
        int length = smallLength(request);
        if (length < 0) {
            context.next();
            return;
        }
        var body = Buffer.buffer();
        long timer = context.vertx().setTimer(patience.toMillis(), _ -> giveUp(context, body.length()));
        request.exceptionHandler(_ -> context.vertx().cancelTimer(timer));
        request.endHandler(_ -> {
            if (body.length() < length && context.vertx().cancelTimer(timer)) {
                giveUp(context, body.length());
            }
        });
        request.handler(part -> {
            body.appendBuffer(part);
            // False when it has rung.
            if (body.length() == length && context.vertx().cancelTimer(timer)) {
                // The framework expects a request whose end has not been heard yet.
                request.pause();
                context.put(BODY, body);
                context.next();
            }
        });
        request.resume();
    }

    private void giveUp(RoutingContext context, int length) {
        AccessGuard.answer(
                context,
                new Problem(
                        400,
                        BodyLimit.INCOMPLETE,
                        "The request cannot be understood",
                        "the body could not be read to its end: of %s bytes %d came, and the rest not within %d ms (quarkus.http.read-timeout)"
                                .formatted(
                                        context.request().getHeader("Content-Length"), length, patience.toMillis())));
    }

    /** Negative for what is to be left alone; whoever waits to be asked for the body is asked when a resource wants it. */
    private static int smallLength(HttpServerRequest request) {
        var length = request.getHeader("Content-Length");
        boolean known = length != null
                && length.matches("\\d{1,9}")
                && !request.headers().contains("Expect");
        int bytes = known ? Integer.parseInt(length) : 0;
        return bytes > 0 && bytes <= MOST ? bytes : -1;
    }
}
