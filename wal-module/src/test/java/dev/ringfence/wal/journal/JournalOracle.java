package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogOptions;
import dev.ringfence.wal.log.MemoryDisk;
import dev.ringfence.wal.log.WriteAheadLog;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.awaitility.Awaitility;

/**
 * Knows what a journal was told and what it answered, over all its lives, and judges what a start comes to: the events, the
 * jobs that are made of them by whatever way, and the blobs that they name.
 */
final class JournalOracle {
    /** So many bytes are never there, so nothing is given up. */
    static final long ALL = 1L << 40;

    private final Set<JournalEvent> submitted = new HashSet<>();
    private final Set<JournalEvent> refused = new HashSet<>();
    private final TreeMap<Long, JournalEvent> acknowledged = new TreeMap<>();

    void submitted(List<? extends JournalEvent> events) {
        submitted.addAll(events);
    }

    void refused(List<? extends JournalEvent> events) {
        refused.addAll(events);
    }

    void acknowledged(long last, List<? extends JournalEvent> events) {
        for (int i = 0; i < events.size(); i++) {
            var other = acknowledged.put(last - events.size() + 1 + i, events.get(i));
            require(other == null, "two events were acknowledged as " + (last - events.size() + 1 + i));
        }
    }

    /** A new journal begins. */
    void forget() {
        submitted.clear();
        refused.clear();
        acknowledged.clear();
    }

    /** Judges a start on a disk that gives no trouble; the disk itself stays as it is. */
    void judge(MemoryDisk disk, JournalOptions options) {
        judge(
                MemoryDisk.ROOT,
                options.withLog(options.log().withStorage(disk.afterKill())),
                MemoryDisk.ROOT,
                options.withLog(options.log().withStorage(disk.afterKill())));
    }

    /**
     * Judges a start, on two copies of what was left: one to read the log alone, and one for the whole. A start after which
     * there is much to write down may give up old jobs as well, while they are being looked for: here it keeps all that is
     * there.
     */
    void judge(Path log, JournalOptions onLog, Path whole, JournalOptions options) {
        var events = events(log, onLog.log());
        judge(events);
        var recovered = Journal.recover(whole, options.withRetention(Duration.ofDays(1000), ALL));
        try (var journal = recovered.journal()) {
            long first = events.isEmpty() ? journal.firstSequence() : events.firstKey();
            require(journal.firstSequence() == first, "it begins with " + journal.firstSequence() + ", not " + first);
            mendIndex(journal);
            judge(events, journal, recovered.jobs(), options.retentionBytes() < ALL);
        }
    }

    /** Reads all of the index. What is damaged there is made anew while the journal is used. */
    private static void mendIndex(Journal journal) {
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .ignoreException(JournalException.IndexDamaged.class)
                .until(() -> {
                    var _ = journal.list(JobQuery.all(), OptionalLong.empty(), 10_000);
                    return true;
                });
    }

    /** All that is kept, read without snapshots, each proved by the hash of the one before. */
    private static NavigableMap<Long, JournalEvent> events(Path directory, LogOptions quiet) {
        var events = new TreeMap<Long, JournalEvent>();
        var chain = new ChainedEvents(entry -> {
            events.put(entry.sequence(), entry.event());
            return true;
        });
        try {
            recover(directory, quiet, 1, chain);
        } catch (LogException.Discarded e) {
            recover(directory, quiet, e.firstSequence(), chain);
        }
        return events;
    }

    private static void recover(Path directory, LogOptions options, long from, ChainedEvents chain) {
        WriteAheadLog.recover(
                        directory, options, from, (sequence, time, payload) -> chain.visit(sequence, time, payload))
                .log()
                .close();
    }

    private void judge(NavigableMap<Long, JournalEvent> events) {
        var seen = new HashSet<JournalEvent>();
        events.forEach((sequence, event) -> {
            require(submitted.contains(event), "event " + sequence + " was never submitted: " + event);
            require(!refused.contains(event), "event " + sequence + " was refused, and is there: " + event);
            require(seen.add(event), "event " + sequence + " is there twice: " + event);
        });
        var first = events.isEmpty() ? 1 : events.firstKey();
        acknowledged
                .tailMap(first)
                .forEach((sequence, event) ->
                        require(event.equals(events.get(sequence)), "event " + sequence + " is lost: " + event));
        require(events.isEmpty() || events.lastKey() - first + 1 == events.size(), "there is a gap");
    }

    private static void judge(
            NavigableMap<Long, JournalEvent> events, Journal journal, List<JobRecord> live, boolean mayGiveUp) {
        var jobs = new LinkedHashMap<String, JobRecord>();
        events.forEach((sequence, kept) -> {
            if (!(kept instanceof JobEvent event)) {
                return;
            }
            var before = jobs.get(event.jobId());
            if (before != null || event instanceof JobEvent.Submitted) {
                jobs.put(event.jobId(), JobFold.apply(before, sequence, event));
            }
        });
        require(
                live.equals(jobs.values().stream()
                        .filter(job -> job.state() instanceof JobState.Live)
                        .toList()),
                "the live jobs are " + live);
        var listed = journal.list(JobQuery.all(), OptionalLong.empty(), 10_000).jobs().stream()
                .map(JobSummary::jobId)
                .toList();
        var all = new ArrayList<>(jobs.keySet());
        // What was given up may have events that are not gone yet: then it is gone all the same, from some job
        // backwards.
        int given = mayGiveUp ? all.size() - Math.min(listed.size(), all.size()) : 0;
        require(listed.reversed().equals(all.subList(given, all.size())), "the list has " + listed + ", not " + all);
        for (var id : all.subList(0, given)) {
            require(journal.find(id).isEmpty(), id + " is not in the list, and found");
        }
        for (var id : all.subList(given, all.size())) {
            judge(Objects.requireNonNull(jobs.get(id)), journal);
        }
    }

    private static void judge(JobRecord job, Journal journal) {
        var found = journal.find(job.jobId()).orElseThrow(() -> new AssertionError(job + " is not found"));
        require(found.equals(job), found + " was " + job);
        if (job.state() instanceof JobState.Ended ended) {
            // Throws if it is gone or damaged.
            ended.end().blobs().forEach(blob -> journal.blobs().file(blob));
        }
        var key = job.submission().idempotencyKey();
        if (key != null) {
            var known = journal.findByKey(job.submission().agent(), key).map(JobSummary::jobId);
            require(known.filter(job.jobId()::equals).isPresent(), "key " + key + " leads to " + known);
        }
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
