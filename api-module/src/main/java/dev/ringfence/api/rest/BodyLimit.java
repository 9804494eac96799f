package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceConfig;
import io.smallrye.config.SmallRyeConfig;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.container.ContainerRequestContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Refuses bodies that are too large: before they are read where their length is told, else as soon as it shows. Of those
 * that {@link SmallBodies} leaves, each keeps a thread from other requests while its client sends it, so only some are read
 * at a time.
 */
public class BodyLimit {
    static final String INCOMPLETE = "incomplete-body";

    /** Of the framework's threads, of which there are 200 at least; the rest is for who has sent all there is. */
    private static final int READERS = 64;

    private static final Semaphore READING = new Semaphore(READERS);

    @ServerRequestFilter(preMatching = true)
    public void check(ContainerRequestContext request, RoutingContext connection) {
        String length = request.getHeaderString("Content-Length");
        if (length != null && length.matches("\\d{1,18}")) {
            check(Long.parseLong(length));
        }
        SmallBodies.of(connection).ifPresent(request::setEntityStream);
    }

    /**
     * The whole body, and never more of it in memory than what is taken. Blocks.
     *
     * @throws TooMany when it would have to be waited for, as many others are
     */
    static byte[] read(InputStream body) {
        if (body instanceof ByteArrayInputStream) {
            return readAll(body);
        }
        if (!READING.tryAcquire()) {
            throw new TooMany();
        }
        try {
            return readAll(body);
        } finally {
            READING.release();
        }
    }

    private static byte[] readAll(InputStream body) {
        try {
            int most = most();
            byte[] bytes = body.readNBytes(most + 1);
            if (bytes.length > most) {
                throw new TooLarge("more than " + most, most);
            }
            return bytes;
        } catch (IOException e) {
            throw new BadRequest(INCOMPLETE, List.of("the body could not be read to its end: " + e.getMessage()));
        }
    }

    private static void check(long length) {
        int most = most();
        if (length > most) {
            throw new TooLarge(Long.toString(length), most);
        }
    }

    private static int most() {
        return ConfigProvider.getConfig()
                .unwrap(SmallRyeConfig.class)
                .getConfigMapping(RingfenceConfig.class)
                .http()
                .bodyLimit();
    }

    /** A body is larger than what is taken; send less. */
    static final class TooLarge extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLarge(String length, int most) {
            super("the body has " + length + " bytes; the limit is " + most + " (ringfence.http.body-limit)");
        }
    }

    /** Too many large bodies are being sent just now; come again. */
    static final class TooMany extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooMany() {
            super(READERS + " bodies are being read already that are larger than " + SmallBodies.MOST
                    + " bytes or do not say how long they are; send it again in a moment");
        }
    }
}
