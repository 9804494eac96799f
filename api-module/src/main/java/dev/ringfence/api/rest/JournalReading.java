package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.journal.DataProof;
import dev.ringfence.api.journal.EventFilter;
import dev.ringfence.api.journal.Verdicts;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.journal.JournalStats;
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

    private final AtomicBoolean readingAll = new AtomicBoolean();

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
                    .recoverWithItem(failure -> line(problem(failure)));
        });
    }

    private static ObjectNode problem(Throwable failure) {
        var line = JsonNodeFactory.instance.objectNode();
        line.set("problem", Problems.ofJournal(failure).json());
        return line;
    }

    private static byte[] line(ObjectNode json) {
        return (json + "\n").getBytes(StandardCharsets.UTF_8);
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
            long begin = next;
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
                    throw new Damaged(journal, e);
                }
                // First what is intact; the next piece begins with the damage.
                return new Piece(lines.toByteArray(), false);
            }
            if (next == begin) {
                throw new Damaged(journal, new IllegalStateException(cutOff(begin)));
            }
            return new Piece(lines.toByteArray(), next > last);
        }
    }

    /** At a log's end, damage cannot be told from what was not written to its end; that an event is durable, we know. */
    private static String cutOff(long sequence) {
        return "event " + sequence
                + " was written and cannot be read any more: the journal is damaged at its end. What is behind it is"
                + " lost at the next start; keep a copy of the directory, or restore it from a backup";
    }

    /** Proves all of it, up to the newest event that is durable now, as {@link #whole} says. */
    Multi<byte[]> proof(Journal journal) {
        long last = journal.lastSequence();
        return whole("verified_up_to", progress -> {
            var verdict = DataProof.verify(journal.directory(), progress);
            long proved = verdict.path("last_sequence").asLong();
            if (!verdict.path("intact").asBoolean() || proved >= last || !progress.test(proved)) {
                return verdict;
            }
            return JsonNodeFactory.instance
                    .objectNode()
                    .put("intact", false)
                    .put("sequence", proved + 1)
                    .put("what", cutOff(proved + 1));
        });
    }

    /**
     * Counts what is in it up to the newest event that is durable now, as {@link #whole} says. Where it cannot be read to its
     * end, the last line has a {@code problem} and no counts.
     */
    Multi<byte[]> counts(Journal journal) {
        return whole("counted_up_to", progress -> counted(journal, progress));
    }

    static ObjectNode counted(Journal journal, LongPredicate progress) {
        long last = journal.lastSequence();
        long first = journal.firstSequence();
        try {
            var stats = JournalStats.of(journal.directory(), sequence -> progress.test(sequence) && sequence < last);
            boolean whole = stats.lastSequence() >= last || first > last;
            // Who has hung up meanwhile gets nothing, and that is no damage.
            return whole || !progress.test(stats.lastSequence())
                    ? Verdicts.json(stats)
                    : problem(new Damaged(
                            journal, new IllegalStateException(cutOff(Math.max(first, stats.lastSequence() + 1)))));
        } catch (LogException.Corrupt | JournalException.Broken | JournalException.NotReadable e) {
            return problem(new Damaged(journal, e));
        } catch (RuntimeException e) {
            return problem(e);
        }
    }

    /**
     * Runs what reads the whole journal on a thread of its own and tells how far it is, then its result. It ends when nobody
     * asks any more. One at a time, since each reads the whole disk; fails with {@link Busy} meanwhile.
     *
     * @param reached what its lines before the last call the number of the event that it has come to
     */
    Multi<byte[]> whole(String reached, Function<LongPredicate, ObjectNode> reading) {
        return Multi.createFrom().deferred(() -> {
            if (!readingAll.compareAndSet(false, true)) {
                return Multi.createFrom().failure(new Busy());
            }
            var run = new WholeReading(reached, reading);
            Thread.ofVirtual().name("journal-reading").start(() -> {
                var result = run.run();
                // Before it is told, so that whoever has heard it finds none under way.
                readingAll.set(false);
                run.end(result);
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

    private static final class WholeReading {
        private final String reached;
        private final Function<LongPredicate, ObjectNode> reading;
        private final SynchronousQueue<Piece> lines = new SynchronousQueue<>();
        private volatile boolean stopped;
        private long told = System.nanoTime();

        WholeReading(String reached, Function<LongPredicate, ObjectNode> reading) {
            this.reached = reached;
            this.reading = reading;
        }

        ObjectNode run() {
            try {
                return reading.apply(this::at);
            } catch (RuntimeException | Error e) {
                // Whoever waits for it would wait for ever.
                LOG.errorf(e, "a reading of the whole journal broke off");
                return JsonNodeFactory.instance
                        .objectNode()
                        .put("intact", false)
                        .put("what", "it cannot be read: " + e.getMessage());
            }
        }

        void end(ObjectNode result) {
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
                        piece(false, JsonNodeFactory.instance.objectNode().put(reached, sequence)));
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
            return new Piece(line(json), last);
        }
    }

    /**
     * An event is not what was written. The message has the file, the place in it and what to do, for administrators and
     * nobody else.
     */
    static final class Damaged extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Damaged(Journal journal, RuntimeException cause) {
            super(
                    cause instanceof LogException.Corrupt
                            ? cause.getMessage() + "; while no service runs, " + DataProof.repair(journal.directory())
                            : cause.getMessage(),
                    cause);
        }
    }

    /** Another reading of all of it is under way; try again when it is done. */
    static final class Busy extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Busy() {
            super("all of the journal is being read for someone else; try again later");
        }
    }
}
