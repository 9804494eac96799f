package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.Segment;
import dev.ringfence.wal.log.WriteAheadLog;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Says up to where a journal's events may be given up. */
final class RetentionRule {
    private final JournalOptions options;
    private final WriteAheadLog log;
    private final BlobStore blobs;
    private final SegmentAges ages;

    RetentionRule(JournalOptions options, WriteAheadLog log, BlobStore blobs, SegmentAges ages) {
        this.options = options;
        this.log = log;
        this.blobs = blobs;
        this.ages = ages;
    }

    /**
     * The first event to be kept: everything that a live job needs, and no less than one segment. It is the first one of a
     * segment, so that whoever is given up is also gone from the log: it must not come back without its blobs.
     */
    long border(JournalState state) {
        var segments = log.segments();
        ages.look(segments);
        int first = 0;
        while (first + 1 < segments.size() && isFollowedForTooLong(segments.get(first + 1))) {
            first++;
        }
        first = Math.max(first, firstThatFits(segments, state));
        long needed = state.sequence();
        for (var job : state.liveJobs()) {
            needed = Math.min(needed, job.firstSequence());
        }
        return first == 0
                ? log.firstSequence()
                : Math.min(segments.get(first).firstSequence(), segmentOf(segments, needed));
    }

    /** The first event of the segment that an event is in. */
    long segmentOf(long sequence) {
        return segmentOf(log.segments(), sequence);
    }

    private long segmentOf(List<Segment> segments, long sequence) {
        return segments.stream()
                .mapToLong(Segment::firstSequence)
                .filter(first -> first <= sequence)
                .max()
                .orElse(log.firstSequence());
    }

    /** All that is in a segment was written before the next one was there. */
    private boolean isFollowedForTooLong(Segment next) {
        return ages.of(next).compareTo(options.retentionAge()) >= 0;
    }

    private int firstThatFits(List<Segment> segments, JournalState state) {
        long total = segments.stream().mapToLong(Segment::bytes).sum()
                + blobs.total().bytes();
        if (total <= options.retentionBytes()) {
            return 0;
        }
        var blobBytes = blobBytes(state);
        int first = 0;
        while (total > options.retentionBytes() && first + 1 < segments.size()) {
            total -= segments.get(first).bytes();
            first++;
            var before = blobBytes.headMap(segments.get(first).firstSequence(), false);
            total -= before.values().stream().mapToLong(Long::longValue).sum();
            before.clear();
        }
        return first;
    }

    /** How many bytes of blobs go with the jobs, by their submissions. What two jobs share counts for both. */
    private static NavigableMap<Long, Long> blobBytes(JournalState state) {
        var bytes = new TreeMap<Long, Long>();
        state.ended().forEach(job -> count(bytes, job));
        for (var run : state.runs()) {
            for (int block = 0; block < run.blocks(); block++) {
                run.rows(block).forEach(job -> count(bytes, job));
            }
        }
        return bytes;
    }

    private static void count(Map<Long, Long> bytes, JobSummary job) {
        job.blobs().forEach(blob -> bytes.merge(job.firstSequence(), blob.length(), Long::sum));
    }
}
