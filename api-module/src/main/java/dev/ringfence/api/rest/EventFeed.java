package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.job.Job;
import dev.ringfence.api.job.JobSignal;
import io.netty.channel.ChannelOption;
import io.smallrye.mutiny.Multi;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A job's signals as server-sent events on a connection. A connection is given one event at a time, and the next when
 * the one before has left for the network; so a slow reader costs one event, and one that takes nothing is cut off after
 * a while. It can go on from the last event that it has.
 */
@Singleton
public class EventFeed {
    /** How often in the time that a reader has it is looked whether it reads. */
    private static final int LOOKS = 4;

    private static final long NOTHING_UNDER_WAY = 0;

    /** Bytes under way to one reader; the kernel doubles it for its own book-keeping. */
    private static final int SEND_BUFFER = 128 << 10;

    /** Why a stream of HTTP/2 ends, as RFC 9113 has it: it is not needed any more. */
    private static final long CANCEL = 8;

    private final Duration heartbeat;
    private final Duration stallLimit;

    EventFeed(RingfenceConfig config) {
        this.heartbeat = config.http().heartbeat();
        this.stallLimit = config.http().stallLimit();
    }

    /**
     * All events after a sequence number, 0 for all, up to the job's end. A job goes on whose reader was cut off: that
     * one has not gone away, and may read the rest later.
     */
    Multi<OutboundSseEvent> of(Job job, long after, Sse sse, RoutingContext connection) {
        return Multi.createFrom().deferred(() -> {
            bound(connection.request().connection());
            var givenAt = new AtomicLong(NOTHING_UNDER_WAY);
            var vertx = connection.vertx();
            long timer = vertx.setPeriodic(Math.max(1, stallLimit.toMillis() / LOOKS), _ -> {
                long given = givenAt.get();
                if (given != NOTHING_UNDER_WAY && System.nanoTime() - given > stallLimit.toNanos()) {
                    job.keep();
                    cut(connection.request());
                }
            });
            return job.signals(after, heartbeat)
                    .map(signal -> signal.map(heard -> event(sse, heard)).orElseGet(() -> heartbeat(sse)))
                    .onItem()
                    .invoke(() -> givenAt.set(System.nanoTime() | 1))
                    .onRequest()
                    .invoke(() -> givenAt.set(NOTHING_UNDER_WAY))
                    .onTermination()
                    .invoke(() -> vertx.cancelTimer(timer));
        });
    }

    /** The kernel would hold several megabytes for a reader that takes nothing, and it would show late that it does not. */
    private static void bound(HttpConnection connection) {
        if (connection instanceof ConnectionBase base) {
            base.channel().config().setOption(ChannelOption.SO_SNDBUF, SEND_BUFFER);
        }
    }

    /**
     * At once, and not when what was written has been read: that would be never. Of a connection that the client reads other
     * answers on, only this one.
     */
    private static void cut(HttpServerRequest request) {
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

    private static OutboundSseEvent event(Sse sse, JobSignal signal) {
        return sse.newEventBuilder()
                .id(Long.toString(signal.sequence()))
                .name(JobJson.name(signal))
                .data(String.class, JobJson.of(signal).toString())
                .build();
    }

    private static OutboundSseEvent heartbeat(Sse sse) {
        return sse.newEventBuilder().comment("still here").build();
    }
}
