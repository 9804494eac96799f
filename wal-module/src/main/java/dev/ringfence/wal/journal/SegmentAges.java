package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * How long each segment has been there while the journal was in use, by a clock that nobody can set: the time of day may be
 * wrong by years until someone puts it right, and what was given up meanwhile would not come back. What is not known counts
 * as new. The file's layout is in the package's description. Not for several threads.
 */
final class SegmentAges {
    static final String FILE = "segments.ages";

    private static final long MAGIC = 0x52494E47_46414745L; // "RINGFAGE"
    private static final int VERSION = 1;
    private static final int HEADER = 16;
    private static final int ENTRY = 16;
    private static final Duration SELDOM = Duration.ofHours(1);

    private final DurableFiles files;
    private final Path file;
    private final LongSupplier nanoTime;
    private final JournalObserver observer;
    private final long saveAfter;
    /** In nanoseconds, by the number of the first event. */
    private final TreeMap<Long, Long> ages = new TreeMap<>();

    private long lookedAt;
    private long unsaved;

    /** Goes on from what an earlier process has saved. */
    SegmentAges(JournalFiles journal, JournalOptions options) {
        files = journal.files();
        file = journal.directory().resolve(FILE);
        nanoTime = options.nanoTime();
        observer = options.observer();
        var tenth = options.retentionAge().dividedBy(10);
        saveAfter = (tenth.compareTo(SELDOM) < 0 ? tenth : SELDOM).toNanos();
        lookedAt = nanoTime.getAsLong();
        try {
            read(files.read(file));
        } catch (NoSuchFileException _) {
            // It is a new journal, or of a time without this file.
        } catch (IOException e) {
            ages.clear();
            observer.unusable(file.toString(), String.valueOf(e.getMessage()));
        }
    }

    private void read(ByteBuffer bytes) throws IOException {
        if (bytes.remaining() < HEADER + 4 || (bytes.remaining() - HEADER - 4) % ENTRY != 0) {
            throw new IOException("it is not whole");
        }
        int end = bytes.limit() - 4;
        if (bytes.getInt(end) != Hashes.crc32c(bytes.slice(0, end))) {
            throw new IOException("its checksum is wrong");
        }
        if (bytes.getLong(0) != MAGIC || bytes.getInt(8) != VERSION) {
            throw new IOException("it is not of this version");
        }
        for (int at = HEADER; at < end; at += ENTRY) {
            ages.put(bytes.getLong(at), bytes.getLong(at + 8));
        }
    }

    /** Counts the time since the last call for each of the segments; those that are new begin with nothing. */
    void look(List<Segment> segments) {
        var now = nanoTime.getAsLong();
        var elapsed = Math.max(0, now - lookedAt);
        lookedAt = now;
        unsaved += elapsed;
        var firsts = segments.stream().map(Segment::firstSequence).toList();
        ages.keySet().retainAll(firsts);
        ages.replaceAll((_, age) -> age + elapsed);
        firsts.forEach(first -> ages.putIfAbsent(first, 0L));
        if (unsaved >= saveAfter) {
            save();
        }
    }

    /** How long a segment has been there. */
    Duration of(Segment segment) {
        return Duration.ofNanos(ages.getOrDefault(segment.firstSequence(), 0L));
    }

    /** Makes it durable. Where that fails, it is tried again, and what is lost until then makes segments younger. */
    void save() {
        var bytes = ByteBuffer.allocate(HEADER + ENTRY * ages.size() + 4);
        bytes.putLong(MAGIC).putInt(VERSION).putInt(0);
        ages.forEach((first, age) -> bytes.putLong(first).putLong(age));
        bytes.putInt(Hashes.crc32c(bytes.slice(0, bytes.position())));
        try {
            files.write(file, bytes.flip());
            unsaved = 0;
        } catch (IOException e) {
            observer.trouble("write how long each segment was kept", e);
        }
    }
}
