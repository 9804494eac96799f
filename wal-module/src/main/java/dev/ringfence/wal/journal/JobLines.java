package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.WriteAheadLog;
import io.smallrye.mutiny.Uni;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One waiting line for each job with events under way. Events are judged against the job's durable state, and given to the
 * log, only when those before them have been settled: so an append that failed leaves nothing to take back, and of two
 * racing ends the first wins.
 */
final class JobLines {
    /** Events of one job that become durable together. */
    private record Waiting(List<JobEvent> events, List<EventRecord> encoded, CompletableFuture<Long> done) {
        String jobId() {
            return events.getFirst().jobId();
        }
    }

    /** A job has few events in its life, so a longer line is a caller gone wild. */
    private static final int LONGEST_LINE = 16;

    private final WriteAheadLog log;
    private final Map<String, ArrayDeque<Waiting>> lines = new HashMap<>();

    /** Jobs of which the table is not sure, and why; see {@link #lose}. */
    private final Map<String, Throwable> lost = new HashMap<>();

    private final JobTable table;
    private final LongConsumer written;
    private final Runnable indexDamaged;

    /**
     * Lines without anyone in them.
     *
     * @param written hears the sequence number of each event that became durable
     * @param indexDamaged runs when an event was refused because the index has to be made anew
     */
    JobLines(WriteAheadLog log, JobTable table, LongConsumer written, Runnable indexDamaged) {
        this.log = log;
        this.table = table;
        this.written = written;
        this.indexDamaged = indexDamaged;
    }

    /** @param events of one job */
    Uni<Long> append(List<JobEvent> events, List<EventRecord> encoded) {
        var waiting = new Waiting(events, encoded, new CompletableFuture<>());
        boolean first;
        synchronized (this) {
            var line = lines.computeIfAbsent(waiting.jobId(), id -> new ArrayDeque<>());
            if (line.size() >= LONGEST_LINE) {
                return Uni.createFrom().failure(new JournalException.Saturated(events.getFirst(), LONGEST_LINE));
            }
            first = line.isEmpty();
            line.addLast(waiting);
        }
        if (first) {
            write(waiting);
        }
        return Uni.createFrom().emitter(emitter -> {
            var _ = waiting.done.whenComplete((sequence, failure) -> {
                if (failure != null) {
                    emitter.fail(failure);
                } else {
                    emitter.complete(sequence);
                }
            });
        });
    }

    /** Only ever called for the head of a line. Whatever goes wrong, the head leaves the line and its caller is told. */
    private void write(Waiting head) {
        final LongConsumer reached;
        try {
            reached = judge(head.events);
        } catch (JournalException.IndexDamaged e) {
            indexDamaged.run();
            fail(head, e);
            return;
        } catch (RuntimeException | Error e) {
            fail(head, e);
            return;
        }
        try {
            var _ = log.append(List.copyOf(head.encoded)).whenComplete((sequence, failure) -> {
                if (failure == null) {
                    succeed(head, reached, sequence);
                } else {
                    fail(head, failure);
                }
            });
        } catch (RuntimeException | Error e) {
            lose(head, e);
        }
    }

    private void succeed(Waiting head, LongConsumer reached, Long sequence) {
        try {
            reached.accept(sequence);
        } catch (RuntimeException | Error e) {
            lose(head, e);
            return;
        }
        leave(head, () -> {
            head.done.complete(sequence);
            written.accept(sequence);
        });
    }

    private void fail(Waiting head, Throwable failure) {
        leave(head, () -> head.done.completeExceptionally(failure));
    }

    /** The log has the events, or may have them, and the table has not: the job cannot be judged by it any more. */
    private void lose(Waiting head, Throwable failure) {
        synchronized (this) {
            lost.put(head.jobId(), failure);
        }
        fail(head, failure);
    }

    private void leave(Waiting head, Runnable told) {
        Waiting next;
        synchronized (this) {
            next = leave(head);
        }
        try {
            told.run();
        } finally {
            if (next != null) {
                write(next);
            }
        }
    }

    /** Takes the head from its line and returns who comes next. */
    private @Nullable Waiting leave(Waiting head) {
        var line = lines.get(head.jobId());
        if (line == null || line.pollFirst() == null) {
            throw new IllegalStateException("Not at the head of its line: " + head.jobId());
        }
        if (line.isEmpty()) {
            lines.remove(head.jobId());
        }
        return line.peekFirst();
    }

    /** What is to be done once the events are durable, given the last one's sequence number. */
    private LongConsumer judge(List<JobEvent> events) {
        var first = events.getFirst();
        synchronized (this) {
            var why = lost.get(first.jobId());
            if (why != null) {
                throw new IllegalStateException(
                        "the journal may have events of job " + first.jobId() + " that could not be taken in (" + why
                                + "); it takes more of them when it has been opened again",
                        why);
            }
        }
        var job = table.live(first.jobId());
        var ended = job != null ? null : ended(first);
        if (job != null || (ended == null && first instanceof JobEvent.Submitted)) {
            // The same again with their numbers, when those are known: nobody else changes the job meanwhile.
            var _ = fold(job, 0, events);
            return last -> table.put(fold(job, last, events));
        }
        var _ = JournalState.undone(ended, 0, first);
        if (events.size() > 1) {
            throw new JournalException.IllegalTransition(
                    first.jobId(), "rolled_back", events.get(1).type());
        }
        return last -> table.put(JournalState.undone(ended, last, first));
    }

    /**
     * The job that an event may belong to though it is not live. The index is not asked for a job that is submitted now,
     * so submitting neither reads files nor waits for an index that is made anew. Nothing is missed: ids are 122 random
     * bits that the service makes for each submission, so nobody can submit one twice, and a repetition at once is noticed
     * here.
     */
    private @Nullable JobSummary ended(JobEvent first) {
        var id = first.jobId();
        return first instanceof JobEvent.Submitted
                ? table.endedInMemory(id)
                : table.find(id).orElse(null);
    }

    private static JobRecord fold(@Nullable JobRecord job, long last, List<JobEvent> events) {
        var sequence = last - events.size();
        var after = JobFold.apply(job, ++sequence, events.getFirst());
        for (var event : events.subList(1, events.size())) {
            after = JobFold.apply(after, ++sequence, event);
        }
        return after;
    }
}
