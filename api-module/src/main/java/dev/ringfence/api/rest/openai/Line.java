package dev.ringfence.api.rest.openai;

import dev.ringfence.api.job.Attendance;
import dev.ringfence.api.job.Job;
import dev.ringfence.runner.engine.GenerationEvent;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The line between a job and the one client that it answers: a few events long, so that a client that reads slowly holds
 * the model back instead of filling memory. Whatever has come meanwhile is read at once, so that a model that is faster
 * than a write to the client costs no write for each of its tokens. Hanging up cancels the job. Thread-safe; one reader.
 */
final class Line implements Attendance.Listener {
    private static final int LENGTH = 64;

    /** Of all events on the line together, unless it is a single one. */
    private static final long MOST_WEIGHT = 256 * 1024;

    private List<GenerationEvent> events = new ArrayList<>();
    private long weight;
    private CompletableFuture<@Nullable Void> more = new CompletableFuture<>();
    private @Nullable Job job;
    private volatile @Nullable String failure;
    private boolean ended;
    private boolean hungUp;

    /** The job's side. Blocks while the line is full. */
    @Override
    public void heard(GenerationEvent event) {
        long heavy = event.weight();
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            try {
                while (full(heavy) && !hungUp) {
                    wait();
                }
            } catch (InterruptedException e) {
                // The job is being ended, so nobody needs the event any more.
                Thread.currentThread().interrupt();
                return;
            }
            if (hungUp) {
                return;
            }
            events.add(event);
            weight += heavy;
            waiting = renew();
        }
        waiting.complete(null);
    }

    private boolean full(long heavy) {
        return !events.isEmpty() && (events.size() >= LENGTH || weight + heavy > MOST_WEIGHT);
    }

    @Override
    public void failed(String message) {
        failure = message;
    }

    /** Why the work failed, in full; the ended job may tell less. */
    Optional<String> failure() {
        return Optional.ofNullable(failure);
    }

    /** The job that is on the other end; when the client has gone already, it is cancelled. */
    void connect(Job other) {
        boolean late;
        synchronized (this) {
            job = other;
            late = hungUp;
        }
        if (late) {
            cancel(other);
        }
        other.ended().subscribe().with(_ -> end(), _ -> end());
    }

    /** The client has gone. */
    void hangUp() {
        Job known;
        synchronized (this) {
            hungUp = true;
            var _ = take();
            notifyAll();
            known = job;
        }
        if (known != null) {
            cancel(known);
        }
    }

    /** What comes until the job has ended, as the reader asks for it; no list is empty. */
    Multi<List<GenerationEvent>> events() {
        return Multi.createBy()
                .repeating()
                .uni(this::next)
                .whilst(some -> !some.isEmpty())
                .filter(some -> !some.isEmpty());
    }

    /** All that is there, as soon as there is anything; empty when the job has ended. */
    Uni<List<GenerationEvent>> next() {
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            if (!events.isEmpty()) {
                var some = take();
                notifyAll();
                return Uni.createFrom().item(some);
            }
            if (ended) {
                return Uni.createFrom().item(List.of());
            }
            waiting = more;
        }
        return Uni.createFrom().completionStage(() -> waiting.copy()).onItem().transformToUni(_ -> next());
    }

    private List<GenerationEvent> take() {
        var taken = events;
        events = new ArrayList<>();
        weight = 0;
        return taken;
    }

    private void end() {
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            ended = true;
            waiting = renew();
        }
        waiting.complete(null);
    }

    private CompletableFuture<@Nullable Void> renew() {
        var waiting = more;
        more = new CompletableFuture<>();
        return waiting;
    }

    private static void cancel(Job job) {
        job.cancel("the client that waited for it went away");
    }
}
