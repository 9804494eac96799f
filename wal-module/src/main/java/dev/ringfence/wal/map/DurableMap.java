package dev.ringfence.wal.map;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
import dev.ringfence.wal.log.LogOptions;
import dev.ringfence.wal.log.RecordConsumer;
import dev.ringfence.wal.log.WriteAheadLog;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Names and JSON objects, all of them in memory and each change durable before it is acknowledged. For thousands of
 * entries of some hundred bytes, not for millions. Values are not copied and not to be changed. Thread-safe; only
 * {@link #open} and {@link #close} block.
 */
public final class DurableMap implements AutoCloseable {
    private static final int LARGEST_ENTRY = 64 << 10;
    private static final int COMPACT_AFTER = 4_096;
    /** So many entries are written again at a time: the rest of the log's queue is left to those who put. */
    private static final int PIECE = 256;

    private static final LogOptions OPTIONS = LogOptions.defaults().withSizes(1 << 20, LARGEST_ENTRY);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final WriteAheadLog log;
    private final Map<String, ObjectNode> entries;
    private final int compactAfter;
    /** How many changes of a key are not settled yet. */
    private final Map<String, Integer> underWay = new HashMap<>();
    /** Settled when all changes are that were accepted before it. */
    private CompletableFuture<Long> newest = CompletableFuture.completedFuture(0L);
    /** The entries are what the log says up to this record. */
    private long applied;
    /** Where the records begin of which all entries can be made. */
    private long border;
    /** Not before this record is it looked again whether compacting is worth it. */
    private long compactAt;
    /** The keys that have no record since the border yet; null while nothing is compacted. */
    private @Nullable Set<String> left;

    private DurableMap(WriteAheadLog log, Map<String, ObjectNode> entries, int compactAfter) {
        this.log = log;
        this.entries = entries;
        this.compactAfter = compactAfter;
        applied = log.lastSequence();
        border = log.firstSequence();
        compactAt = border + compactAfter;
    }

    /**
     * Reads what there is; an empty map if there is nothing yet.
     *
     * @param directory made when it is missing; holds nothing but this map
     * @throws LogException as {@link WriteAheadLog#recover} says
     */
    public static DurableMap open(Path directory) {
        return open(directory, OPTIONS, COMPACT_AFTER);
    }

    /** As {@link #open(Path)}, with somebody who sees what the log's writer does. */
    public static DurableMap open(Path directory, LogObserver observer) {
        return open(directory, OPTIONS.withObserver(observer), COMPACT_AFTER);
    }

    /** @param compactAfter how many records there must be at least before any are given up */
    static DurableMap open(Path directory, LogOptions options, int compactAfter) {
        var entries = new LinkedHashMap<String, ObjectNode>();
        var map = new DurableMap(recover(directory, options, entries), entries, compactAfter);
        map.compactIfWorthIt();
        return map;
    }

    private static WriteAheadLog recover(Path directory, LogOptions options, Map<String, ObjectNode> entries) {
        RecordConsumer replay = (sequence, _, payload) -> read(entries, sequence, payload);
        try {
            return WriteAheadLog.recover(directory, options, replay).log();
        } catch (LogException.Discarded e) {
            // The records before were given up when all that held of them had been written anew.
            return WriteAheadLog.recover(directory, options, e.firstSequence(), replay)
                    .log();
        }
    }

    /** @throws IllegalStateException if the record is no entry of a map */
    static void read(Map<String, ObjectNode> entries, long sequence, byte[] payload) {
        try {
            var json = MAPPER.readTree(payload);
            hold(
                    entries,
                    json.required("key").textValue(),
                    json.get("value") instanceof ObjectNode value ? value : null);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalStateException("record " + sequence + " is no entry of a map", e);
        }
    }

    private static void hold(Map<String, ObjectNode> entries, String key, @Nullable ObjectNode value) {
        if (value == null) {
            entries.remove(key);
        } else {
            entries.put(key, value);
        }
    }

    /** The value of a key. */
    public synchronized Optional<ObjectNode> find(String key) {
        return Optional.ofNullable(entries.get(key));
    }

    /** How many entries there are. */
    public synchronized int size() {
        return entries.size();
    }

    /** A copy of all entries, in no order that means anything. */
    public synchronized Map<String, ObjectNode> entries() {
        return new LinkedHashMap<>(entries);
    }

    /**
     * Sets the value of a key. Holds once the item comes; of two that are under way for one key at a time, the later
     * holds.
     *
     * @return an item once it is durable; or a {@link LogException}, and then nothing has changed
     */
    public Uni<@Nullable Void> put(String key, ObjectNode value) {
        return change(key, value);
    }

    /** Removes a key, if it is there; otherwise like {@link #put}. */
    public Uni<@Nullable Void> remove(String key) {
        return change(key, null);
    }

    private Uni<@Nullable Void> change(String key, @Nullable ObjectNode value) {
        // Whether or not anyone waits.
        CompletableFuture<@Nullable Void> done = append(key, value).thenApply(_ -> null);
        return Uni.createFrom().completionStage(done::copy);
    }

    /**
     * Each change is heard of in the order of the log: who waits for one gives it to the log and begins to listen with the
     * same hold of the lock.
     */
    private synchronized CompletableFuture<Long> append(String key, @Nullable ObjectNode value) {
        var record = record(key, value);
        underWay.merge(key, 1, Integer::sum);
        var settled = log.append(record)
                .whenComplete((sequence, failure) -> settle(key, value, failure == null ? sequence : 0))
                .toCompletableFuture();
        if (!settled.isCompletedExceptionally()) {
            newest = settled;
        }
        return settled;
    }

    /** @param sequence of the record, 0 if it was refused */
    private void settle(String key, @Nullable ObjectNode value, long sequence) {
        synchronized (this) {
            underWay.computeIfPresent(key, (_, count) -> count == 1 ? null : count - 1);
            if (sequence == 0) {
                return;
            }
            hold(entries, key, value);
            applied = sequence;
            if (left != null) {
                left.remove(key);
            }
        }
        compactIfWorthIt();
    }

    /**
     * When most records hold no more, writes all entries once more on a thread of its own, and gives up the segments
     * before.
     */
    private synchronized void compactIfWorthIt() {
        if (left != null || applied < compactAt || applied - border + 1 < 4L * entries.size()) {
            return;
        }
        long from = applied + 1;
        left = new LinkedHashSet<>(entries.keySet());
        Thread.ofVirtual().name("map-compact").start(() -> compact(from));
    }

    /**
     * What comes of a failure or a crash in the middle is the same map: the records before the border are given up only
     * when each key has one behind it, and those behind it say no more than the entries did.
     */
    private void compact(long from) {
        boolean done = false;
        try {
            done = writeAgain();
            if (done) {
                log.discardBefore(from);
            }
        } catch (LogException e) {
            // What is not discarded now is discarded with what comes later.
        } finally {
            compacted(done, from);
        }
    }

    private synchronized void compacted(boolean done, long from) {
        left = null;
        if (done) {
            border = from;
        }
        compactAt = applied + compactAfter;
    }

    /** Returns whether each key has a record behind the border, or is gone. */
    private boolean writeAgain() {
        while (true) {
            var piece = new ArrayList<CompletableFuture<Long>>();
            final CompletableFuture<Long> last;
            synchronized (this) {
                if (left == null || left.isEmpty()) {
                    return true;
                }
                // What is under way comes behind the border by itself, and must not be overtaken by what it replaces.
                left.stream()
                        .filter(key -> !underWay.containsKey(key))
                        .limit(PIECE)
                        .toList()
                        .forEach(key -> piece.add(append(key, entries.get(key))));
                last = newest;
            }
            for (var written : piece) {
                var failure = failureOf(written);
                // Full for a moment: what was not taken is left, and there is room when the newest has been settled.
                if (failure != null && !(failure instanceof LogException.Saturated)) {
                    return false;
                }
            }
            var _ = failureOf(last);
        }
    }

    private static @Nullable Throwable failureOf(CompletableFuture<Long> change) {
        return change.handle(
                        (_, failure) -> failure == null || failure.getCause() == null ? failure : failure.getCause())
                .join();
    }

    private static byte[] record(String key, @Nullable ObjectNode value) {
        var json = JsonNodeFactory.instance.objectNode().put("key", key);
        if (value != null) {
            json.set("value", value);
        }
        try {
            return MAPPER.writeValueAsBytes(json);
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
    }

    /** Whether it can be changed; never blocks. */
    public Health health() {
        return log.health();
    }

    /** Writes what is queued, and frees the directory. A second call does nothing. */
    @Override
    public void close() {
        log.close();
    }
}
