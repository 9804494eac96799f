package dev.ringfence.wal.journal;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What is in a journal, counted by reading all of it.
 *
 * @param events by their type
 * @param submissions by the capability
 * @param live jobs without an end, by their state
 * @param blobBytes of all blobs that are there, named or not
 */
public record JournalStats(
        long firstSequence,
        long lastSequence,
        @Nullable Instant oldest,
        @Nullable Instant newest,
        Map<String, Long> events,
        Map<String, Long> submissions,
        Map<String, Long> live,
        long blobs,
        long blobBytes) {
    /**
     * Counts.
     *
     * @param progress hears each event's number, and says whether to go on
     * @throws JournalException.Unreadable if the blobs cannot be counted
     */
    public static JournalStats of(Path directory, LongPredicate progress) {
        var events = new TreeMap<String, Long>();
        var submissions = new TreeMap<String, Long>();
        var fold = new LiveFold();
        var first = new JournalRecord[1];
        var last = new JournalRecord[1];
        Journal.readWhile(directory, 0, entry -> {
            first[0] = first[0] == null ? entry : first[0];
            last[0] = entry;
            events.merge(entry.event().type(), 1L, Long::sum);
            if (entry.event() instanceof JobEvent.Submitted submitted) {
                submissions.merge(submitted.capability(), 1L, Long::sum);
            }
            fold.accept(first[0].sequence() > 1, entry.sequence(), entry.event());
            return progress.test(entry.sequence());
        });
        var blobs = new BlobStore(JournalFiles.of(directory)).total();
        return new JournalStats(
                first[0] == null ? 1 : first[0].sequence(),
                last[0] == null ? 0 : last[0].sequence(),
                first[0] == null ? null : first[0].event().at(),
                last[0] == null ? null : last[0].event().at(),
                events,
                submissions,
                new TreeMap<>(fold.states()),
                blobs.count(),
                blobs.bytes());
    }
}
