package dev.ringfence.api.rest;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/**
 * Watches whether a client takes what it is given, one piece at a time, and cuts it off when it takes nothing for a while.
 */
final class StallWatch {
    private static final Logger LOG = Logger.getLogger(StallWatch.class);

    /** How often in the time that a reader has it is looked whether it reads. */
    private static final int LOOKS = 4;

    private static final long NOTHING_UNDER_WAY = 0;

    /** Bytes under way to one reader; the kernel doubles it for its own book-keeping. */
    private static final int SEND_BUFFER = 128 << 10;

    /** Why a stream of HTTP/2 ends, as RFC 9113 has it: it is not needed any more. */
    private static final long CANCEL = 8;

    private final AtomicLong givenAt = new AtomicLong(NOTHING_UNDER_WAY);
    private final Vertx vertx;
    private final long timer;

    /**
     * Watches until it is ended.
     *
     * @param limit how long a piece may be under way
     * @param stalled run before the client is cut off, by a thread that must not block
     */
    StallWatch(RoutingContext connection, Duration limit, Runnable stalled) {
        bound(connection.request().connection());
        vertx = connection.vertx();
        timer = vertx.setPeriodic(Math.max(1, limit.toMillis() / LOOKS), _ -> {
            long given = givenAt.get();
            if (given != NOTHING_UNDER_WAY && System.nanoTime() - given > limit.toNanos()) {
                stalled.run();
                cut(connection.request());
            }
        });
    }

    /** A piece is under way now. */
    void given() {
        givenAt.set(System.nanoTime() | 1);
    }

    /** The piece has left for the network. */
    void taken() {
        givenAt.set(NOTHING_UNDER_WAY);
    }

    /** Nothing more is given. */
    void end() {
        vertx.cancelTimer(timer);
    }

    /** The kernel would hold several megabytes for a reader that takes nothing, and it would show late that it does not. */
    private static void bound(HttpConnection connection) {
        if (connection instanceof ConnectionBase base) {
            try {
                base.channel().config().setOption(ChannelOption.SO_SNDBUF, SEND_BUFFER);
            } catch (ChannelException e) {
                LOG.debugf(e, "the client has gone already");
            }
        }
    }

    /**
     * At once, and not when what was written has been read: that would be never. Of a connection that the client reads other
     * answers on, only this one.
     */
    static void cut(HttpServerRequest request) {
        if (request.version() == HttpVersion.HTTP_2) {
            var _ = request.response().reset(CANCEL);
            return;
        }
        var connection = request.connection();
        if (connection instanceof ConnectionBase base) {
            // What the kernel still holds for the reader is freed, too.
            base.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            var _ = base.channelHandlerContext().close();
        } else {
            connection.close();
        }
    }
}
