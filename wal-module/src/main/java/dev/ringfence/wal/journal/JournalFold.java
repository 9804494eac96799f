package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.RecordConsumer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Folds a whole journal into jobs: all live ones, and the newest of the ended ones within the bounds. */
final class JournalFold implements RecordConsumer {
    private record Folded(JobRecord job, long bytes) {}

    private final int maxEnded;
    private final long maxEndedBytes;
    private final Map<String, Folded> jobs = new HashMap<>();
    private final ArrayDeque<Folded> ended = new ArrayDeque<>();
    private final ChainedEvents events = new ChainedEvents(this::fold);
    private long endedBytes;
    private int payloadBytes;

    JournalFold(int maxEnded, long maxEndedBytes) {
        this.maxEnded = maxEnded;
        this.maxEndedBytes = maxEndedBytes;
    }

    @Override
    public void accept(long sequence, Instant time, byte[] payload) {
        payloadBytes = payload.length;
        events.visit(sequence, time, payload);
    }

    /** The jobs in the order of their submission. */
    List<JobRecord> jobs() {
        var all = new ArrayList<JobRecord>(jobs.size());
        jobs.values().forEach(folded -> all.add(folded.job));
        all.sort((a, b) -> Long.compare(a.firstSequence(), b.firstSequence()));
        return all;
    }

    private boolean fold(JournalRecord entry) {
        var event = entry.event();
        var before = jobs.get(event.jobId());
        var bytes = payloadBytes + (before == null ? 0 : before.bytes);
        try {
            var job = JobFold.apply(before == null ? null : before.job, entry.sequence(), event);
            var after = new Folded(job, bytes);
            jobs.put(job.jobId(), after);
            if (job.state() instanceof JobState.Ended) {
                keepEnded(after);
            }
        } catch (JournalException.IllegalTransition e) {
            throw new JournalException.Broken(entry.sequence(), String.valueOf(e.getMessage()), e);
        }
        return true;
    }

    private void keepEnded(Folded job) {
        ended.addLast(job);
        endedBytes += job.bytes;
        while (ended.size() > maxEnded || endedBytes > maxEndedBytes) {
            var oldest = ended.removeFirst();
            endedBytes -= oldest.bytes;
            jobs.remove(oldest.job.jobId());
        }
    }
}
