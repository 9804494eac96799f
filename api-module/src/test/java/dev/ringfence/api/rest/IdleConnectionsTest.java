package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.timeout.IdleStateEvent;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What becomes of a connection whose idle time is over; a real one is tried in {@link FewConnectionsTest}. */
class IdleConnectionsTest {
    private final IdleConnections.Awaited awaited = new IdleConnections.Awaited();
    private int told;

    private final EmbeddedChannel channel = new EmbeddedChannel(awaited, new ChannelInboundHandlerAdapter() {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            told++;
        }
    });

    @Test
    void oneOnWhichNothingIsUnderWayIsClosed() {
        assertThat(isClosed()).isTrue();
    }

    @Test
    void oneWhoseAnswerIsAwaitedIsSparedForSomeTimes() {
        awaited.begun();

        for (int i = 0; i < IdleConnections.SPARED; i++) {
            assertThat(isClosed()).isFalse();
        }
        assertThat(isClosed()).isTrue();
        awaited.ended();
        assertThat(isClosed()).isTrue();
    }

    /** The framework counts a write only once all of it has left. */
    @Test
    void oneWhoseClientTakesALargeAnswerSlowlyIsSparedAsLongAsItDoes() {
        var out = channel.unsafe().outboundBuffer();
        out.addMessage(Unpooled.wrappedBuffer(new byte[1000]), 1000, channel.newPromise());
        out.addFlush();
        assertThat(isClosed()).isFalse();

        for (int i = 0; i < 2 * IdleConnections.SPARED; i++) {
            out.progress(1);
            assertThat(isClosed()).isFalse();
        }
        assertThat(isClosed()).isTrue();
    }

    /** One client that sent requests and read no answer filled the memory with them. */
    @Test
    void aRequestWaitsUntilEarlierAnswersHaveBeenTaken() {
        var begun = new AtomicBoolean();
        var out = channel.unsafe().outboundBuffer();
        out.setUserDefinedWritability(1, false);
        awaited.hold(() -> begun.set(true));
        channel.runPendingTasks();
        assertThat(begun).isFalse();

        out.setUserDefinedWritability(1, true);
        channel.runPendingTasks();

        assertThat(begun).isTrue();
    }

    private boolean isClosed() {
        int before = told;
        channel.pipeline().fireUserEventTriggered(IdleStateEvent.ALL_IDLE_STATE_EVENT);
        return told > before;
    }
}
