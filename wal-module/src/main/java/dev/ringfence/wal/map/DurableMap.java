package dev.ringfence.wal.map;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogOptions;
import dev.ringfence.wal.log.RecordConsumer;
import dev.ringfence.wal.log.WriteAheadLog;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Names and JSON objects, all of them in memory and each change durable before it is acknowledged. For thousands of
 * entries of some hundred bytes, not for millions. Values are not copied and not to be changed. Thread-safe; only
 * {@link #open} and {@link #close} block.
 */
public final class DurableMap implements AutoCloseable {
    private static final int SEGMENT_BYTES = 1 << 20;
    private static final int LARGEST_ENTRY = 64 << 10;
    private static final int COMPACT_AFTER = 4_096;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final WriteAheadLog log;
    private final Map<String, ObjectNode> entries;
    private long records;
    private int underWay;

    private DurableMap(WriteAheadLog log, Map<String, ObjectNode> entries) {
        this.log = log;
        this.entries = entries;
        this.records = log.lastSequence() - log.firstSequence() + 1;
    }

    /**
     * Reads what there is; an empty map if there is nothing yet.
     *
     * @param directory made when it is missing; holds nothing but this map
     * @throws LogException as {@link WriteAheadLog#recover} says
     */
    public static DurableMap open(Path directory) {
        var entries = new LinkedHashMap<String, ObjectNode>();
        var map = new DurableMap(recover(directory, entries), entries);
        map.compactIfWorthIt();
        return map;
    }

    private static WriteAheadLog recover(Path directory, Map<String, ObjectNode> entries) {
        var options = LogOptions.defaults().withSizes(SEGMENT_BYTES, LARGEST_ENTRY);
        RecordConsumer replay = (sequence, _, payload) -> read(entries, sequence, payload);
        try {
            return WriteAheadLog.recover(directory, options, replay).log();
        } catch (LogException.Discarded e) {
            // The records before were given up when all that held of them had been written anew.
            return WriteAheadLog.recover(directory, options, e.firstSequence(), replay)
                    .log();
        }
    }

    private static void read(Map<String, ObjectNode> entries, long sequence, byte[] payload) {
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

    /** A copy of all entries, in the order in which their keys were first put. */
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
        CompletionStage<Long> appended;
        synchronized (this) {
            underWay++;
            records++;
            appended = log.append(record(key, value));
        }
        var done = new CompletableFuture<@Nullable Void>();
        // Whether or not anyone waits.
        var _ = appended.whenComplete((_, failure) -> {
            if (failure == null) {
                settled(() -> hold(entries, key, value));
                done.complete(null);
                compactIfWorthIt();
            } else {
                settled(() -> {});
                done.completeExceptionally(failure);
            }
        });
        return Uni.createFrom().completionStage(done::copy);
    }

    private synchronized void settled(Runnable change) {
        underWay--;
        change.run();
    }

    /** Writes all entries once more when most records hold no more, and gives up the segments before. */
    private void compactIfWorthIt() {
        var again = new ArrayList<CompletableFuture<Long>>();
        synchronized (this) {
            // What is under way is not in the entries yet, and must not be overtaken by what it replaces.
            if (underWay > 0 || records < COMPACT_AFTER || records < 4L * entries.size()) {
                return;
            }
            records = entries.size();
            entries.forEach(
                    (key, value) -> again.add(log.append(record(key, value)).toCompletableFuture()));
        }
        if (again.isEmpty()) {
            discardBefore(log.lastSequence());
            return;
        }
        // When one fails, the old records are kept: nothing is lost, and it is tried again later.
        var _ = CompletableFuture.allOf(again.toArray(CompletableFuture[]::new))
                .thenRun(() -> discardBefore(again.getFirst().join()));
    }

    private void discardBefore(long sequence) {
        try {
            log.discardBefore(sequence);
        } catch (LogException e) {
            // What is not discarded now is discarded with what comes later.
        }
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

    /** Writes what is queued, and frees the directory. A second call does nothing. */
    @Override
    public void close() {
        log.close();
    }
}
