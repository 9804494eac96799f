package dev.ringfence.api.rest;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * A connection on which nothing moves for {@code quarkus.http.idle-timeout} is closed by the server. One whose client
 * waits for an answer is kept for longer: a model may think for a long time before its first word. So is one whose client
 * still takes an answer that was written long ago, however slowly. Whoever asks for more without taking what is there waits.
 */
@Singleton
class IdleConnections {
    /** Before all other filters, since those may answer. */
    private static final int FIRST = 1200;

    /** How many such times a connection is silent while an answer is waited for, before it is closed all the same. */
    static final int SPARED = 15;

    void register(@Observes Filters filters) {
        filters.register(IdleConnections::begun, FIRST);
    }

    private static void begun(RoutingContext context) {
        if (context.request().connection() instanceof ConnectionBase connection) {
            var pipeline = connection.channel().pipeline();
            var awaited = pipeline.get(Awaited.class);
            if (awaited == null) {
                awaited = new Awaited();
                var idle = pipeline.context(IdleStateHandler.class);
                // Without an idle time there is none, and requests have to wait all the same.
                if (idle == null) {
                    pipeline.addFirst(awaited);
                } else {
                    pipeline.addAfter(idle.name(), null, awaited);
                }
            }
            var answer = awaited;
            answer.begun();
            // Any thread may end an answer.
            context.addEndHandler(_ -> connection.channel().eventLoop().execute(answer::ended));
            if (!connection.channel().isWritable()) {
                var here = context.vertx().getOrCreateContext();
                answer.hold(() -> here.runOnContext(_ -> context.next()));
                return;
            }
        }
        context.next();
    }

    /** What a connection's client waits for; used by the connection's thread only. */
    static final class Awaited extends ChannelInboundHandlerAdapter {
        private int answers;
        private int silent;

        private final Queue<Runnable> held = new ArrayDeque<>();

        // What was on its way at the last look.
        private long pending;
        private int sending;
        private long progress;

        void begun() {
            answers++;
            silent = 0;
        }

        void ended() {
            answers--;
        }

        /** Until the client has taken answers that it asked for before: they would all lie in memory. */
        void hold(Runnable request) {
            held.add(request);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            while (context.channel().isWritable() && !held.isEmpty()) {
                held.remove().run();
            }
            context.fireChannelWritabilityChanged();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (!(event instanceof IdleStateEvent)) {
                context.fireUserEventTriggered(event);
            } else if (!moves(context.channel().unsafe().outboundBuffer())) {
                if (answers > 0 && silent < SPARED) {
                    silent++;
                } else {
                    context.fireUserEventTriggered(event);
                }
            }
        }

        /** The framework counts a write as something that moves only when all of it has left. */
        private boolean moves(@Nullable ChannelOutboundBuffer out) {
            if (out == null || out.isEmpty()) {
                return false;
            }
            long nowPending = out.totalPendingWriteBytes();
            int nowSending = System.identityHashCode(out.current());
            long nowProgress = out.currentProgress();
            boolean moved = nowPending != pending || nowSending != sending || nowProgress != progress;
            pending = nowPending;
            sending = nowSending;
            progress = nowProgress;
            return moved;
        }
    }
}
