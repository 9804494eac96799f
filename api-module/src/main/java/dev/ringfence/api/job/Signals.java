package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What happened to one job, kept within bounds and read by any number of watchers, each at its own pace: a watcher takes
 * the next signal when it wants it, so a slow one holds nothing back and costs nothing. Thread-safe.
 */
final class Signals {
    /** What a signal costs beside its text. */
    private static final int OVERHEAD = 64;

    private final int capacity;
    private final Deque<JobSignal> changes = new ArrayDeque<>();
    /** Output and progress. */
    private final Deque<JobSignal> outputs = new ArrayDeque<>();

    private int outputSize;
    private long last;
    private long droppedUpTo;
    private CompletableFuture<@Nullable Void> more = new CompletableFuture<>();
    private @Nullable Throwable failure;
    private JobSignal.@Nullable Changed end;

    /**
     * @param capacity how many bytes of output are kept, roughly
     */
    Signals(int capacity) {
        this.capacity = capacity;
    }

    void changed(JobView job) {
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            var change = new JobSignal.Changed(++last, Instant.now(), job);
            changes.add(change);
            if (change.last()) {
                end = change;
            }
            waiting = renew();
        }
        waiting.complete(null);
    }

    void output(String channel, String text) {
        keep(sequence -> new JobSignal.Output(sequence, Instant.now(), channel, text));
    }

    void progress(String phase, ObjectNode data) {
        keep(sequence -> new JobSignal.Progress(sequence, Instant.now(), phase, data));
    }

    private void keep(LongFunction<JobSignal> signal) {
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            var kept = signal.apply(++last);
            outputs.add(kept);
            outputSize += size(kept);
            while (outputSize > capacity && outputs.size() > 1) {
                var dropped = outputs.remove();
                outputSize -= size(dropped);
                droppedUpTo = dropped.sequence();
            }
            waiting = renew();
        }
        waiting.complete(null);
    }

    private static int size(JobSignal signal) {
        return OVERHEAD
                + (signal instanceof JobSignal.Output output ? output.text().length() : OVERHEAD);
    }

    /** Nothing more will be known: watchers get what there is, then this. */
    void failed(Throwable reason) {
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            failure = reason;
            waiting = renew();
        }
        waiting.complete(null);
    }

    /**
     * All signals after a sequence number, then what comes, up to the job's end. The end is always told, so that a
     * watcher who comes late does not wait for ever. A number that has not been given yet comes from before a restart
     * of the service, and means all signals.
     */
    Multi<JobSignal> after(long sequence) {
        return Multi.createFrom().deferred(() -> {
            var watcher = new Watcher(sequence > last() ? 0 : sequence);
            return Multi.createBy().repeating().uni(watcher::next).whilst(signal -> !signal.last());
        });
    }

    private CompletableFuture<@Nullable Void> renew() {
        var waiting = more;
        more = new CompletableFuture<>();
        return waiting;
    }

    /** The one that follows, or null when there is none yet. */
    private synchronized @Nullable JobSignal following(long sequence) {
        if (sequence >= last) {
            return end;
        }
        JobSignal best = null;
        for (var change : changes) {
            if (change.sequence() > sequence) {
                best = change;
                break;
            }
        }
        // Watchers mostly read the newest, so the search begins at that end.
        JobSignal output = null;
        for (var iterator = outputs.descendingIterator(); iterator.hasNext(); ) {
            var candidate = iterator.next();
            if (candidate.sequence() <= sequence) {
                break;
            }
            output = candidate;
        }
        if (output != null && (best == null || output.sequence() < best.sequence())) {
            best = output;
        }
        if (best != null && best.sequence() > sequence + 1 && sequence < droppedUpTo) {
            return new JobSignal.Dropped(best.sequence() - 1, best.at(), best.sequence());
        }
        return best;
    }

    /** How many bytes of output are kept, roughly. */
    synchronized int weight() {
        return outputSize;
    }

    private synchronized long last() {
        return last;
    }

    private synchronized CompletableFuture<@Nullable Void> more() {
        return more;
    }

    private synchronized @Nullable Throwable failure() {
        return failure;
    }

    /** One reader's place. */
    private final class Watcher {
        private long position;

        Watcher(long position) {
            this.position = position;
        }

        Uni<JobSignal> next() {
            // Taken before the look, so that a signal between the two is not slept through.
            var waiting = more();
            var signal = following(position);
            if (signal != null) {
                position = signal.sequence();
                return Uni.createFrom().item(signal);
            }
            var broken = failure();
            if (broken != null) {
                return Uni.createFrom().failure(broken);
            }
            return Uni.createFrom()
                    .completionStage(() -> waiting.copy())
                    .onItem()
                    .transformToUni(_ -> next());
        }
    }
}
