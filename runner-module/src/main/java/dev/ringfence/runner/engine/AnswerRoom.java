package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.EngineException.TooManyVectors;
import java.io.InputStream;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The heap that answers may take as trees of JSON: vectors and others that are read as a whole, and the probabilities of
 * tokens. All that come at a time share it. What a tree of a text takes is estimated by the characters that make its nodes.
 * Thread-safe.
 */
final class AnswerRoom {
    static final AnswerRoom OF_THE_HEAP = new AnswerRoom(AnswerRoom::quarterOfTheHeap);

    /** Of an object or an array, though it is empty. */
    private static final int NODE = 128;

    /** Of a number, and its place in an array. */
    private static final int VALUE = 32;

    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final LongSupplier room;
    private long taken;

    /** What takes room. */
    enum Use {
        VECTORS("the vectors take", "ask for fewer inputs at a time"),
        ANSWER("the answer takes", "ask for fewer tokens (max_tokens)"),
        PROBABILITIES(
                "the probabilities of the answer's tokens take",
                "ask for fewer tokens or alternatives of them (max_tokens, top_logprobs)");

        private final String takes;
        private final String remedy;

        Use(String takes, String remedy) {
            this.takes = takes;
            this.remedy = remedy;
        }

        /** How many vectors there are the request says; clients that hear so ask for fewer at a time. */
        private EngineException tooMuch(String message) {
            return this == VECTORS ? new TooManyVectors(message) : new Misbehaved(message);
        }
    }

    /** @param room bytes of the heap; asked each time, since a native image is initialised in another heap */
    AnswerRoom(LongSupplier room) {
        this.room = room;
    }

    private static long quarterOfTheHeap() {
        return Runtime.getRuntime().maxMemory() / 4;
    }

    /** A share of the room, with nothing in it yet; to be closed when the answer has been passed on. */
    Share share(Use use) {
        return new Share(use);
    }

    private synchronized void take(Use use, long own, long more) {
        long most = room.getAsLong();
        if (own + more > most) {
            throw use.tooMuch(use.takes + " more than " + most + " bytes of the service's heap, which is a quarter"
                    + " of it and the most that is taken; " + use.remedy + ", or give it more heap (-Xmx)");
        }
        if (taken + more > most) {
            throw new Saturated(
                    "other answers that come now have taken the quarter of the service's heap that is for vectors and"
                            + " probabilities, " + most + " bytes",
                    AGAIN,
                    0);
        }
        taken += more;
    }

    private synchronized void giveBack(long bytes) {
        taken -= bytes;
    }

    /** What one answer has of the room, until it is closed. For one thread. */
    final class Share implements AutoCloseable {
        private final Use use;
        private long own;

        private Share(Use use) {
            this.use = use;
        }

        /**
         * Takes more, in bytes.
         *
         * @throws TooManyVectors when vectors alone are too much
         * @throws Misbehaved when another answer alone is
         * @throws Saturated when others have the room
         */
        void take(long more) {
            AnswerRoom.this.take(use, own, more);
            own += more;
        }

        /** The same stream, which takes room as it is read; reading it fails as {@link #take} does. */
        InputStream reading(InputStream body) {
            return new Reading(body, this);
        }

        @Override
        public void close() {
            giveBack(own);
            own = 0;
        }
    }

    private static final class Reading extends HeardStream {
        private final Share share;

        Reading(InputStream body, Share share) {
            super(body);
            this.share = share;
        }

        @Override
        void heard(byte[] target, int offset, int count) {
            share.take(heap(target, offset, count));
        }
    }

    private static long heap(byte[] json, int offset, int length) {
        long heap = length;
        for (int i = offset; i < offset + length; i++) {
            heap += switch (json[i]) {
                case '{', '[' -> NODE;
                case ',', ':' -> VALUE;
                default -> 0;
            };
        }
        return heap;
    }
}
