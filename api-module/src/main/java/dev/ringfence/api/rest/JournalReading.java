package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.journal.EventFilter;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.log.LogException;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongPredicate;
import org.jboss.logging.Logger;

/** Long readings of the journal, in pieces, at the pace of those who ask. */
@Singleton
class JournalReading {
    private static final Logger LOG = Logger.getLogger(JournalReading.class);
    private static final int EVENTS_A_PIECE = 512;
    private static final int BYTES_A_PIECE = 256 * 1024;
    private static final long PACE = TimeUnit.SECONDS.toNanos(1);

    private final AtomicBoolean proving = new AtomicBoolean();

    /**
     * What is sent at once.
     *
     * @param last whether nothing follows
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over once; nothing compares pieces
    private record Piece(byte[] bytes, boolean last) {}

    /**
     * The events from a number on that match, as lines. Fails with {@link LogException.Discarded} if they are not kept any
     * more, and with {@link Damaged} where one is not what was written. Behind the first line there is no failure: the last
     * one then has a {@code problem}, which says why there are no more.
     *
     * @param from 0 for all that are kept
     */
    Multi<byte[]> events(Journal journal, long from, EventFilter filter) {
        return Multi.createFrom().deferred(() -> {
            var place = new Place(journal, from, filter);
            return Multi.createBy()
                    .repeating()
                    .uni(() ->
                            Uni.createFrom().item(place::next).runSubscriptionOn(Infrastructure.getDefaultWorkerPool()))
                    .whilst(piece -> !piece.last())
                    .map(Piece::bytes)
                    .select()
                    .where(bytes -> bytes.length > 0)
                    .onItem()
                    .invoke(() -> place.told = true)
                    .onFailure(_ -> place.told)
                    .recoverWithItem(JournalReading::problem);
        });
    }

    private static byte[] problem(Throwable failure) {
        var line = JsonNodeFactory.instance.objectNode();
        line.set("problem", Problems.ofJournal(failure).json());
        return (line + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Where one reader is. One piece is read at a time. */
    private static final class Place {
        private final Journal journal;
        private final EventFilter filter;
        private long next;
        /** Whether there was a line. */
        private volatile boolean told;

        Place(Journal journal, long from, EventFilter filter) {
            this.journal = journal;
            this.filter = filter;
            next = from > 0 ? from : journal.firstSequence();
        }

        Piece next() {
            // What is not durable yet might never be.
            long last = journal.lastSequence();
            if (next > last) {
                return new Piece(new byte[0], true);
            }
            var lines = new ByteArrayOutputStream();
            var seen = new int[1];
            try {
                Journal.readWhile(journal.directory(), next, entry -> {
                    if (filter.matches(entry)) {
                        lines.writeBytes((entry.json() + "\n").getBytes(StandardCharsets.UTF_8));
                    }
                    next = entry.sequence() + 1;
                    return next <= last && ++seen[0] < EVENTS_A_PIECE && lines.size() < BYTES_A_PIECE;
                });
            } catch (LogException.Corrupt | JournalException.Broken | JournalException.NotReadable e) {
                if (lines.size() == 0) {
                    throw new Damaged(e);
                }
                // First what is intact; the next piece begins with the damage.
                return new Piece(lines.toByteArray(), false);
            }
            return new Piece(lines.toByteArray(), next > last);
        }
    }

    /**
     * Runs a proof on a thread of its own and tells how far it is, then its result. It ends when nobody asks any more. One
     * proof at a time, since each reads the whole disk.
     */
    Multi<byte[]> progress(Function<LongPredicate, ObjectNode> proof) {
        return Multi.createFrom().deferred(() -> {
            if (!proving.compareAndSet(false, true)) {
                return Multi.createFrom().failure(new Busy());
            }
            var run = new Proof(proof);
            Thread.ofVirtual().name("journal-proof").start(() -> {
                try {
                    run.run();
                } finally {
                    proving.set(false);
                }
            });
            return Multi.createBy()
                    .repeating()
                    .uni(() ->
                            Uni.createFrom().item(run::next).runSubscriptionOn(Infrastructure.getDefaultWorkerPool()))
                    .whilst(piece -> !piece.last())
                    .map(Piece::bytes)
                    .onTermination()
                    .invoke(run::stop);
        });
    }

    private static final class Proof {
        private final Function<LongPredicate, ObjectNode> proof;
        private final SynchronousQueue<Piece> lines = new SynchronousQueue<>();
        private volatile boolean stopped;
        private long told = System.nanoTime();

        Proof(Function<LongPredicate, ObjectNode> proof) {
            this.proof = proof;
        }

        void run() {
            try {
                end(proof.apply(this::at));
            } catch (RuntimeException | Error e) {
                // Whoever waits for it would wait for ever.
                LOG.errorf(e, "a proof of the journal broke off");
                end(JsonNodeFactory.instance
                        .objectNode()
                        .put("intact", false)
                        .put("what", "it cannot be read: " + e.getMessage()));
            }
        }

        private void end(ObjectNode result) {
            var last = piece(true, result);
            try {
                boolean taken = false;
                while (!taken && !stopped) {
                    taken = lines.offer(last, PACE, TimeUnit.NANOSECONDS);
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }

        private boolean at(long sequence) {
            long now = System.nanoTime();
            if (now - told >= PACE) {
                told = now;
                var _ = lines.offer(
                        piece(false, JsonNodeFactory.instance.objectNode().put("verified_up_to", sequence)));
            }
            return !stopped;
        }

        Piece next() {
            try {
                while (!stopped) {
                    var line = lines.poll(PACE, TimeUnit.NANOSECONDS);
                    if (line != null) {
                        return line;
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            // Nobody listens any more.
            return new Piece(new byte[0], true);
        }

        void stop() {
            stopped = true;
        }

        private static Piece piece(boolean last, ObjectNode json) {
            return new Piece((json + "\n").getBytes(StandardCharsets.UTF_8), last);
        }
    }

    /**
     * An event is not what was written. The message has the file, the place in it and what to do, for administrators and
     * nobody else.
     */
    static final class Damaged extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Damaged(RuntimeException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** Another proof is under way; try again when it is done. */
    static final class Busy extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Busy() {
            super("the journal is being verified for someone else; try again later");
        }
    }
}
