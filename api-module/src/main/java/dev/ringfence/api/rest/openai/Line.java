package dev.ringfence.api.rest.openai;

import dev.ringfence.api.job.Attendance;
import dev.ringfence.api.job.Job;
import dev.ringfence.runner.engine.GenerationEvent;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The line between a job and the one client that it answers: a few events long, so that a client that reads slowly holds
 * the model back instead of filling memory. Hanging up cancels the job. Thread-safe; one reader.
 */
final class Line implements Attendance.Listener {
    private static final int LENGTH = 64;

    private final ArrayDeque<GenerationEvent> events = new ArrayDeque<>();
    private CompletableFuture<@Nullable Void> more = new CompletableFuture<>();
    private @Nullable Job job;
    private volatile @Nullable String failure;
    private boolean ended;
    private boolean hungUp;

    /** The job's side. Blocks while the line is full. */
    @Override
    public void heard(GenerationEvent event) {
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            try {
                while (events.size() >= LENGTH && !hungUp) {
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
            waiting = renew();
        }
        waiting.complete(null);
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
            events.clear();
            notifyAll();
            known = job;
        }
        if (known != null) {
            cancel(known);
        }
    }

    /** What comes until the job has ended, as the reader asks for it. */
    Multi<GenerationEvent> events() {
        return Multi.createBy()
                .repeating()
                .uni(this::next)
                .whilst(Optional::isPresent)
                .filter(Optional::isPresent)
                .map(Optional::orElseThrow);
    }

    /** The next event, or nothing when the job has ended. */
    Uni<Optional<GenerationEvent>> next() {
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            var event = events.poll();
            if (event != null) {
                notifyAll();
                return Uni.createFrom().item(Optional.of(event));
            }
            if (ended) {
                return Uni.createFrom().item(Optional.empty());
            }
            waiting = more;
        }
        return Uni.createFrom().completionStage(() -> waiting.copy()).onItem().transformToUni(_ -> next());
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
