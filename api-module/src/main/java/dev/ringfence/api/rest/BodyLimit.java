package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceConfig;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import io.smallrye.config.SmallRyeConfig;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.inject.spi.CDI;
import jakarta.ws.rs.container.ContainerRequestContext;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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

    /** Of those, for one who has to prove who it is. */
    private static final int READERS_OF_ONE = 16;

    private static final Semaphore READING = new Semaphore(READERS);
    private static final Map<String, Integer> READING_OF = new ConcurrentHashMap<>();

    /** Of bodies that have not come to their end. */
    private static final HeapShare RECEIVED = new HeapShare(8);

    private static final String LARGE = " bodies are being read already that are larger than " + SmallBodies.MOST
            + " bytes or do not say how long they are";

    private static final Duration AT_ONCE = Duration.ofSeconds(60);
    private static final int SLOWEST = 16 * 1024;

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
        try {
            if (body instanceof ByteArrayInputStream small) {
                return small.readAllBytes();
            }
            var caller = caller();
            takePlace(caller);
            try {
                return readAll(body);
            } finally {
                READING_OF.computeIfPresent(caller, (_, places) -> places == 1 ? null : places - 1);
                READING.release();
            }
        } catch (IOException e) {
            throw incomplete(String.valueOf(e.getMessage()));
        }
    }

    /** The key or token that was used; empty where nobody has to prove anything. */
    private static String caller() {
        var request = CDI.current().select(CurrentVertxRequest.class).get().getCurrent();
        return AccessGuard.caller(request).credential().orElse("");
    }

    private static void takePlace(String caller) {
        if (!READING.tryAcquire()) {
            throw new TooMany(READERS + LARGE);
        }
        if (READING_OF.merge(caller, 1, Integer::sum) > READERS_OF_ONE && !caller.isEmpty()) {
            READING_OF.computeIfPresent(caller, (_, places) -> places - 1);
            READING.release();
            throw new TooMany(READERS_OF_ONE + LARGE + ", all of the same caller");
        }
    }

    private static byte[] readAll(InputStream body) throws IOException {
        int most = most();
        long begun = System.nanoTime();
        var bytes = new ByteArrayOutputStream();
        var part = new byte[8 * 1024];
        try {
            for (int count = body.read(part); count >= 0; count = body.read(part)) {
                if (bytes.size() + count > most) {
                    throw new TooLarge("more than " + most, most);
                }
                if (!RECEIVED.tryTake(count)) {
                    throw new TooMany("the bodies that are being read take all the memory that there is for them");
                }
                bytes.write(part, 0, count);
                checkPace(System.nanoTime() - begun, bytes.size());
            }
        } finally {
            RECEIVED.giveBack(bytes.size());
        }
        return bytes.toByteArray();
    }

    /** After the first minute a body has to come at a pace, however often its client sends a byte. */
    static void checkPace(long nanos, long bytes) {
        if (nanos > AT_ONCE.plusSeconds(bytes / SLOWEST).toNanos()) {
            throw incomplete("%d bytes came within %d s, and after %d s it must be %d bytes each second"
                    .formatted(bytes, Duration.ofNanos(nanos).toSeconds(), AT_ONCE.toSeconds(), SLOWEST));
        }
    }

    private static BadRequest incomplete(String why) {
        return new BadRequest(INCOMPLETE, List.of("the body could not be read to its end: " + why));
    }

    private static void check(long length) {
        int most = most();
        if (length > most) {
            throw new TooLarge(Long.toString(length), most);
        }
    }

    /** Looked up, not injected: filters are made before the settings of this run are there, in a native image while it is built. */
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

        TooMany(String why) {
            super(why + "; send it again in a moment");
        }
    }
}
