package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.WriteAheadLog;
import io.smallrye.mutiny.Uni;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One waiting line for each job with an event under way. An event is judged against the job's durable state, and given
 * to the log, only when the one before it has been settled: so an append that failed leaves nothing to take back, and of
 * two racing ends the first wins.
 */
final class JobLines {
    private record Waiting(JobEvent event, EventRecord encoded, CompletableFuture<Long> done) {}

    /** A job has few events in its life, so a longer line is a caller gone wild. */
    private static final int LONGEST_LINE = 16;

    private final WriteAheadLog log;
    private final Map<String, ArrayDeque<Waiting>> lines = new HashMap<>();
    private final JobTable table;
    private final LongConsumer written;

    /** @param written hears the sequence number of each event that became durable */
    JobLines(WriteAheadLog log, JobTable table, LongConsumer written) {
        this.log = log;
        this.table = table;
        this.written = written;
    }

    Uni<Long> append(JobEvent event, EventRecord encoded) {
        var waiting = new Waiting(event, encoded, new CompletableFuture<>());
        boolean first;
        synchronized (this) {
            var line = lines.computeIfAbsent(event.jobId(), id -> new ArrayDeque<>());
            if (line.size() >= LONGEST_LINE) {
                return Uni.createFrom().failure(new JournalException.Saturated(event, LONGEST_LINE));
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

    /** Only ever called for the head of a line. */
    private void write(Waiting head) {
        final LongConsumer reached;
        try {
            reached = judge(head.event);
        } catch (JournalException refused) {
            fail(head, refused);
            return;
        }
        log.append(head.encoded)
                .subscribe()
                .with(sequence -> succeed(head, reached, sequence), failure -> fail(head, failure));
    }

    private void succeed(Waiting head, LongConsumer reached, Long sequence) {
        reached.accept(sequence);
        Waiting next;
        synchronized (this) {
            next = leave(head);
        }
        head.done.complete(sequence);
        written.accept(sequence);
        if (next != null) {
            write(next);
        }
    }

    private void fail(Waiting head, Throwable failure) {
        Waiting next;
        synchronized (this) {
            next = leave(head);
        }
        head.done.completeExceptionally(failure);
        if (next != null) {
            write(next);
        }
    }

    /** Takes the head from its line and returns who comes next. */
    private @Nullable Waiting leave(Waiting head) {
        var line = lines.get(head.event.jobId());
        if (line == null || line.pollFirst() == null) {
            throw new IllegalStateException("Not at the head of its line: " + head.event.jobId());
        }
        if (line.isEmpty()) {
            lines.remove(head.event.jobId());
        }
        return line.peekFirst();
    }

    /** What is to be done once the event is durable. */
    private LongConsumer judge(JobEvent event) {
        var job = table.live(event.jobId());
        if (job != null) {
            // The same again with its number, when that is known: nobody else changes the job meanwhile.
            var _ = JobFold.apply(job, 0, event);
            return sequence -> table.put(JobFold.apply(job, sequence, event));
        }
        var ended = table.find(event.jobId()).orElse(null);
        if (ended == null && event instanceof JobEvent.Submitted) {
            return sequence -> table.put(JobFold.apply(null, sequence, event));
        }
        var _ = JournalState.undone(ended, 0, event);
        return sequence -> table.put(JournalState.undone(ended, sequence, event));
    }
}
