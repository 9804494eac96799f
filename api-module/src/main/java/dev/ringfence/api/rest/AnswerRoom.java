package dev.ringfence.api.rest;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;

/**
 * How many bytes of large answers may be on their way to clients, in all and to one agent: until they have been taken they
 * lie in memory. Thread-safe.
 */
@Singleton
class AnswerRoom {
    private static final int SHARE_OF_THE_HEAP = 8;

    private final long most;
    private final Map<String, Long> underWay = new HashMap<>();
    private long all;

    @Inject
    AnswerRoom() {
        this(Runtime.getRuntime().maxMemory() / SHARE_OF_THE_HEAP);
    }

    /**
     * @param most for all; half of it for one agent
     */
    AnswerRoom(long most) {
        this.most = most;
    }

    /** Bytes on their way. */
    final class Place implements AutoCloseable {
        private final String agent;
        private long bytes;

        private Place(String agent, long bytes) {
            this.agent = agent;
            this.bytes = bytes;
        }

        /** They have left, or never will; once more has no effect. */
        @Override
        public void close() {
            synchronized (AnswerRoom.this) {
                all -= bytes;
                underWay.computeIfPresent(agent, (_, before) -> before == bytes ? null : before - bytes);
                bytes = 0;
            }
        }
    }

    /**
     * Makes room. An answer that is larger than all of it is let through when it is the only one, so that it can be had.
     *
     * @param agent whose client it goes to
     * @throws TooMany if there is none
     */
    synchronized Place take(String agent, long bytes) {
        long before = underWay.getOrDefault(agent, 0L);
        if (before > 0 && before + bytes > most / 2) {
            throw new TooMany(bytes, "to this agent " + before, most / 2);
        }
        if (all > 0 && all + bytes > most) {
            throw new TooMany(bytes, "in all " + all, most);
        }
        all += bytes;
        underWay.merge(agent, bytes, Long::sum);
        return new Place(agent, bytes);
    }

    /** Too much is on its way that was not read; read it, or come again. */
    static final class TooMany extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private TooMany(long bytes, String underWay, long most) {
            super("the answer holds " + bytes + " bytes, and " + underWay
                    + " bytes of large answers are on their way that their clients have not taken yet, of at most "
                    + most
                    + "; read those answers to their end or hang up, and ask again in a moment");
        }
    }
}
