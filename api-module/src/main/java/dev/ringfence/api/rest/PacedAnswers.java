package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceConfig;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.core.ResteasyReactiveRequestContext;
import org.jboss.resteasy.reactive.server.spi.ServerRequestContext;

/**
 * Sends large answers in pieces, the next when the one before has left for the network; so a slow reader costs one piece
 * and no thread, and one that takes nothing is cut off after a while. What is held for an answer takes room until it has
 * ended.
 */
@Singleton
class PacedAnswers {
    /** What is sent at once, and the size up to which an answer needs no pacing. */
    static final int PIECE = 64 << 10;

    private static final Logger LOG = Logger.getLogger(PacedAnswers.class);

    private final AnswerRoom room;
    private final Duration stallLimit;

    PacedAnswers(AnswerRoom room, RingfenceConfig config) {
        this.room = room;
        this.stallLimit = config.http().stallLimit();
    }

    /**
     * Makes room for an answer to whoever sent the request.
     *
     * @throws AnswerRoom.TooMany if there is none
     */
    AnswerRoom.Place room(ServerRequestContext request, long bytes) {
        return room(connection(request), bytes);
    }

    /** The same for what is no answer of its own. */
    AnswerRoom.Place room(RoutingContext connection, long bytes) {
        var caller = AccessGuard.caller(connection);
        return room.take(caller.agent().or(caller::credential).orElse(""), bytes);
    }

    /**
     * Sends an answer, and closes both when it has ended or cannot. Called by a thread that may block.
     *
     * @param length how many bytes there are
     */
    void send(ServerRequestContext request, InputStream content, long length, AnswerRoom.Place place) {
        var connection = connection(request);
        connection.response().putHeader("Content-Length", Long.toString(length));
        new Answer(connection, content, length, place).begin();
    }

    /** Whether a request has no effect, and can be refused when its answer cannot be sent. */
    static boolean isReading(ServerRequestContext request) {
        return AccessGuard.READING.contains(connection(request).request().method());
    }

    private static RoutingContext connection(ServerRequestContext request) {
        return ((ResteasyReactiveRequestContext) request).unwrap(RoutingContext.class);
    }

    /** One that is on its way. One thread at a time works on it; any may end it. */
    private final class Answer {
        private final RoutingContext connection;
        private final InputStream content;
        private final AnswerRoom.Place place;
        private final StallWatch watch;
        private final AtomicBoolean ended = new AtomicBoolean();
        private long left;

        Answer(RoutingContext connection, InputStream content, long length, AnswerRoom.Place place) {
            this.connection = connection;
            this.content = content;
            this.place = place;
            this.left = length;
            this.watch = new StallWatch(connection, stallLimit, this::end);
        }

        void begin() {
            connection.addEndHandler(_ -> end());
            next();
        }

        /** The headers go with the first piece, by the thread that has made them. */
        private void next() {
            var response = connection.response();
            if (ended.get() || response.closed()) {
                end();
                return;
            }
            try {
                if (left == 0) {
                    var _ = response.end();
                    end();
                    return;
                }
                byte[] piece = content.readNBytes((int) Math.min(left, PIECE));
                if (piece.length == 0) {
                    throw new IOException("it ends " + left + " bytes too early");
                }
                left -= piece.length;
                watch.given();
                response.write(Buffer.buffer(piece)).onComplete(written -> {
                    watch.taken();
                    if (written.failed()) {
                        end();
                    } else {
                        Infrastructure.getDefaultWorkerPool().execute(this::next);
                    }
                });
            } catch (IOException | RuntimeException e) {
                // Its reader must not take what it has for all.
                LOG.debugf(e, "an answer was broken off");
                end();
                StallWatch.cut(connection.request());
            }
        }

        private void end() {
            if (!ended.compareAndSet(false, true)) {
                return;
            }
            watch.end();
            place.close();
            try {
                content.close();
            } catch (IOException e) {
                LOG.debugf(e, "what an answer was read from could not be closed");
            }
        }
    }
}
