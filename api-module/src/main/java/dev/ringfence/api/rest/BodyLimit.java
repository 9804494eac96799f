package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceConfig;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import io.smallrye.config.SmallRyeConfig;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.inject.spi.CDI;
import jakarta.ws.rs.container.ContainerRequestContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
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

    /** Of bodies that nothing has been made of yet. */
    private static final HeapShare RECEIVED = new HeapShare(8);

    private static final String LARGE = " bodies are being read already that are larger than " + SmallBodies.MOST
            + " bytes or do not say how long they are";

    private static final int PART = 32 * 1024;
    private static final Duration AT_ONCE = Duration.ofSeconds(60);
    private static final int SLOWEST = 16 * 1024;

    /** What comes of a body after its request was answered, such as refused, is dropped: the framework would keep it all. */
    @ServerRequestFilter(preMatching = true)
    public void check(ContainerRequestContext request, RoutingContext connection) {
        connection.addHeadersEndHandler(_ -> connection.request().handler(null));
        String length = request.getHeaderString("Content-Length");
        if (length != null && length.matches("\\d{1,18}")) {
            check(Long.parseLong(length));
        }
        SmallBodies.of(connection).ifPresent(request::setEntityStream);
    }

    /** Reads what has come whole. */
    @FunctionalInterface
    interface Reader<T> {
        T read(InputStream body, int length);
    }

    /**
     * What is made of the whole body, of which there is never more in memory than what is taken. Blocks.
     *
     * @throws TooMany when it would have to be waited for, as many others are
     */
    static <T> T read(InputStream body, Reader<T> reader) {
        if (body instanceof ByteArrayInputStream small) {
            return reader.read(small, small.available());
        }
        try (var received = new Received()) {
            var caller = caller();
            takePlace(caller);
            try {
                readAll(body, received);
            } finally {
                READING_OF.computeIfPresent(caller, (_, places) -> places == 1 ? null : places - 1);
                READING.release();
            }
            return reader.read(received.content(), received.length);
        } catch (IOException e) {
            throw incomplete(String.valueOf(e.getMessage()));
        }
    }

    /** What has come of a body, and what it has of the memory for all. */
    private static final class Received implements AutoCloseable {
        private final List<byte[]> parts = new ArrayList<>();
        private int length;

        /** @return how many bytes came; negative at the end */
        int readFrom(InputStream body) throws IOException {
            int filled = length % PART;
            if (filled == 0) {
                parts.add(new byte[PART]);
            }
            int count = body.read(parts.getLast(), filled, PART - filled);
            if (count > 0) {
                if (!RECEIVED.tryTake(count)) {
                    throw new TooMany("the bodies that are being read take all the memory that there is for them");
                }
                length += count;
            }
            return count;
        }

        InputStream content() {
            var all = new ArrayList<InputStream>();
            for (int i = 0; i < parts.size(); i++) {
                all.add(new ByteArrayInputStream(parts.get(i), 0, Math.min(PART, length - i * PART)));
            }
            return new SequenceInputStream(Collections.enumeration(all));
        }

        @Override
        public void close() {
            RECEIVED.giveBack(length);
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

    private static void readAll(InputStream body, Received received) throws IOException {
        int most = most();
        long begun = System.nanoTime();
        while (received.readFrom(body) >= 0) {
            if (received.length > most) {
                throw new TooLarge("more than " + most, most);
            }
            checkPace(System.nanoTime() - begun, received.length);
        }
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
