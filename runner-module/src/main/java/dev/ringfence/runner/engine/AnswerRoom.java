package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.Saturated;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The heap that answers may take which are read as a whole, as a tree of JSON: those with vectors. All that are read at a
 * time share it. What a tree takes is estimated by the characters that make its nodes. Thread-safe.
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

    /** @param room bytes of the heap; asked each time, since a native image is initialised in another heap */
    AnswerRoom(LongSupplier room) {
        this.room = room;
    }

    private static long quarterOfTheHeap() {
        return Runtime.getRuntime().maxMemory() / 4;
    }

    /**
     * The same stream, which takes room as it is read, until it is closed: to be closed when the answer has been passed
     * on. Reading it fails with a {@link Misbehaved} when it alone is too much, and with a {@link Saturated} when others
     * have the room.
     */
    InputStream reading(InputStream body) {
        return new Reading(body);
    }

    private synchronized void take(long own, long more) {
        long most = room.getAsLong();
        if (own + more > most) {
            throw new Misbehaved(
                    "the vectors take more than " + most + " bytes of the service's heap, which is a quarter"
                            + " of it and the most that is taken; ask for fewer inputs at a time, or give it more heap (-Xmx)");
        }
        if (taken + more > most) {
            throw new Saturated(
                    "other vectors that are being read have taken the quarter of the service's heap that is for them, "
                            + most + " bytes",
                    AGAIN,
                    0);
        }
        taken += more;
    }

    private synchronized void giveBack(long bytes) {
        taken -= bytes;
    }

    private final class Reading extends FilterInputStream {
        private long own;

        Reading(InputStream body) {
            super(body);
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = super.read(target, offset, length);
            if (count > 0) {
                long more = heap(target, offset, count);
                take(own, more);
                own += more;
            }
            return count;
        }

        @Override
        public void close() throws IOException {
            giveBack(own);
            own = 0;
            super.close();
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
