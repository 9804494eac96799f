package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What happened to one job, kept within bounds and read by any number of watchers, each at its own pace: a watcher takes
 * the next item when it wants it, so a slow one holds nothing back and costs nothing. Thread-safe.
 */
final class NewsBuffer {
    /** What an item costs beside its text: its objects and its place among the others. */
    private static final int OVERHEAD = 160;

    private final int capacity;
    /** By their numbers, as the next. */
    private final NavigableMap<Long, JobNews> changes = new TreeMap<>();
    /** Output and progress. */
    private final NavigableMap<Long, JobNews> outputs = new TreeMap<>();

    private int outputSize;
    private long last;
    private long droppedUpTo;
    private boolean closed;
    private Set<UniEmitter<? super Boolean>> waiting = new LinkedHashSet<>();
    private @Nullable Throwable failure;
    private JobNews.@Nullable Changed end;

    /**
     * @param capacity how many bytes of output are kept, roughly
     */
    NewsBuffer(int capacity) {
        this.capacity = capacity;
    }

    void changed(JobView job) {
        synchronized (this) {
            var change = new JobNews.Changed(++last, Instant.now(), job);
            changes.put(last, change);
            if (change.last()) {
                end = change;
            }
        }
        wake();
    }

    /** What has the numbers up to this one was before a restart of the service, and is gone but for what is here. */
    synchronized void skipTo(long number) {
        if (number > last) {
            last = number;
            droppedUpTo = number;
        }
    }

    /** The number of the end, which is all that is still to come. */
    synchronized long close() {
        closed = true;
        return last + 1;
    }

    void output(String channel, String text) {
        keep(sequence -> new JobNews.Output(sequence, Instant.now(), channel, text));
    }

    void progress(String phase, ObjectNode data) {
        keep(sequence -> new JobNews.Progress(sequence, Instant.now(), phase, data));
    }

    private void keep(LongFunction<JobNews> item) {
        synchronized (this) {
            if (closed) {
                return;
            }
            var kept = item.apply(++last);
            outputs.put(last, kept);
            outputSize += size(kept);
            var oldest = outputs.values().iterator();
            while (outputSize > capacity && outputs.size() > 1) {
                var dropped = oldest.next();
                oldest.remove();
                outputSize -= size(dropped);
                droppedUpTo = dropped.sequence();
            }
        }
        wake();
    }

    private static int size(JobNews item) {
        return OVERHEAD + (item instanceof JobNews.Output output ? output.text().length() : OVERHEAD);
    }

    /** Nothing more will be known: watchers get what there is, then this. */
    void failed(Throwable reason) {
        synchronized (this) {
            failure = reason;
        }
        wake();
    }

    /** On another thread than the job's, which has better things to do than to serve watchers. */
    private void wake() {
        Set<UniEmitter<? super Boolean>> woken;
        synchronized (this) {
            if (waiting.isEmpty()) {
                return;
            }
            woken = waiting;
            waiting = new LinkedHashSet<>();
        }
        Infrastructure.getDefaultExecutor().execute(() -> woken.forEach(watcher -> watcher.complete(true)));
    }

    /**
     * All news after a sequence number, then what comes, up to the job's end. The end is always told, so that a
     * watcher who comes late does not wait for ever.
     */
    Multi<JobNews> after(long sequence) {
        return Multi.createFrom().deferred(() -> {
            var watcher = new Watcher(sequence);
            return Multi.createBy().repeating().uni(watcher::next).whilst(item -> !item.last());
        });
    }

    /** Like {@link #after(long)}, with an empty item whenever nothing has happened for so long. */
    Multi<Optional<JobNews>> after(long sequence, Duration quiet) {
        return Multi.createFrom().deferred(() -> {
            var watcher = new Watcher(sequence);
            return Multi.createBy()
                    .repeating()
                    .uni(() -> watcher.nextOrQuiet(quiet))
                    .whilst(item -> item.map(heard -> !heard.last()).orElse(true));
        });
    }

    /** What there is after a sequence number by now, at most so many; after the end, the end again. */
    List<JobNews> page(long sequence, int most) {
        var page = new ArrayList<JobNews>();
        var item = following(sequence);
        while (item != null) {
            page.add(item);
            item = item.last() || page.size() == most ? null : following(item.sequence());
        }
        return page;
    }

    /** True as soon as there is something after a sequence number, or nothing more will come. */
    Uni<Boolean> more(long sequence) {
        return Uni.createFrom().emitter(emitter -> {
            synchronized (this) {
                if (last <= sequence && end == null && failure == null) {
                    waiting.add(emitter);
                    emitter.onTermination(() -> leave(emitter));
                    return;
                }
            }
            emitter.complete(true);
        });
    }

    private synchronized void leave(UniEmitter<? super Boolean> watcher) {
        waiting.remove(watcher);
    }

    /** The one that follows, or null when there is none yet. */
    private synchronized @Nullable JobNews following(long sequence) {
        if (sequence >= last) {
            return end;
        }
        var change = changes.higherEntry(sequence);
        var output = outputs.higherEntry(sequence);
        var next = output == null || (change != null && change.getKey() < output.getKey()) ? change : output;
        if (next == null) {
            return null;
        }
        var item = next.getValue();
        return item.sequence() > sequence + 1 && sequence < droppedUpTo
                ? new JobNews.Dropped(item.sequence() - 1, item.at(), item.sequence())
                : item;
    }

    /** How many bytes of output are kept, roughly. */
    synchronized int weight() {
        return outputSize;
    }

    /** How many watchers wait for what comes next. */
    synchronized int waiting() {
        return waiting.size();
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

        Uni<JobNews> next() {
            return heard().orElseGet(() -> more(position).onItem().transformToUni(_ -> next()));
        }

        Uni<Optional<JobNews>> nextOrQuiet(Duration quiet) {
            return heard().map(item -> item.map(Optional::of))
                    .orElseGet(() -> more(position)
                            .ifNoItem()
                            .after(quiet)
                            .recoverWithItem(false)
                            .onItem()
                            .transformToUni(came ->
                                    came ? nextOrQuiet(quiet) : Uni.createFrom().item(Optional.empty())));
        }

        /** The item that follows, or the failure when none will; empty while there is neither. */
        private Optional<Uni<JobNews>> heard() {
            var item = following(position);
            if (item != null) {
                position = item.sequence();
                return Optional.of(Uni.createFrom().item(item));
            }
            var broken = failure();
            return broken == null
                    ? Optional.empty()
                    : Optional.of(Uni.createFrom().failure(broken));
        }
    }
}
