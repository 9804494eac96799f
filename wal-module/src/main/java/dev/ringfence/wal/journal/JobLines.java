package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.WriteAheadLog;
import io.smallrye.mutiny.Uni;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One waiting line for each job with an event under way. An event is judged against the job's durable state, and given
 * to the log, only when the one before it has been settled: so an append that failed leaves nothing to take back, and of
 * two racing ends the first wins.
 */
final class JobLines {
    private record Waiting(JobEvent event, EventRecord encoded, CompletableFuture<Long> done) {}

    /** A job has three events in its life, so a longer line is a caller gone wild. */
    private static final int LONGEST_LINE = 16;

    private final WriteAheadLog log;
    private final Map<String, ArrayDeque<Waiting>> lines = new HashMap<>();
    private final Map<String, JobState.Live> live = new HashMap<>();
    /** The word of each ended job's state; what is forgotten here is refused as unknown instead. */
    private final Map<String, String> ended;

    JobLines(WriteAheadLog log, int maxEnded, List<JobRecord> jobs) {
        this.log = log;
        this.ended = new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
                return size() > maxEnded;
            }
        };
        jobs.forEach(job -> remember(job.jobId(), job.state()));
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
        final JobState next;
        try {
            next = judge(head.event);
        } catch (JournalException.IllegalTransition refused) {
            fail(head, refused);
            return;
        }
        log.append(head.encoded)
                .subscribe()
                .with(sequence -> succeed(head, next, sequence), failure -> fail(head, failure));
    }

    private void succeed(Waiting head, JobState reached, Long sequence) {
        Waiting next;
        synchronized (this) {
            remember(head.event.jobId(), reached);
            next = leave(head);
        }
        head.done.complete(sequence);
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

    private synchronized JobState judge(JobEvent event) {
        var id = event.jobId();
        var state = live.get(id);
        if (state != null) {
            return JobFold.next(state, event);
        }
        var end = ended.get(id);
        if (end == null && event instanceof JobEvent.Submitted) {
            return new JobState.Submitted();
        }
        throw new JournalException.IllegalTransition(id, end == null ? "unknown" : end, event.type());
    }

    private void remember(String id, JobState state) {
        switch (state) {
            case JobState.Live alive -> live.put(id, alive);
            case JobState.Ended end -> {
                live.remove(id);
                ended.put(id, end.word());
            }
        }
    }
}
