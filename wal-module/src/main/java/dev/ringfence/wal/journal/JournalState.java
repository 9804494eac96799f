package dev.ringfence.wal.journal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a journal up to some event comes to: the fold of all its events. The live jobs are whole; of ended ones there is a
 * summary, in memory until there are enough for a file of the index. Not for several threads.
 */
final class JournalState {
    /** How many ended jobs a file of the index has. */
    static final int RUN_ROWS = 8_192;

    private final JournalFiles files;
    private final int runRows;
    private final JournalObserver observer;
    private final Map<String, JobRecord> live = new HashMap<>();
    private final Map<String, JobSummary> ended = new LinkedHashMap<>();
    private final List<IndexRun> runs = new ArrayList<>();
    /** With so many ended jobs in memory the next file of the index is tried. */
    private int nextRun;

    private long firstSequence = 1;
    private long sequence;
    private byte @Nullable [] link;

    /** Nothing has happened yet. */
    JournalState(JournalFiles files, int runRows, JournalObserver observer) {
        this.files = files;
        this.runRows = runRows;
        this.observer = observer;
        nextRun = runRows;
    }

    /** Goes on from what a snapshot says. */
    JournalState(JournalFiles files, int runRows, JournalObserver observer, Snapshot snapshot) {
        this(files, runRows, observer);
        snapshot.live().forEach(job -> live.put(job.jobId(), job));
        snapshot.ended().forEach(job -> ended.put(job.jobId(), job));
        runs.addAll(snapshot.runs());
        firstSequence = snapshot.firstSequence();
        sequence = snapshot.sequence();
        link = snapshot.link();
    }

    /** The journal begins here: what came before was discarded when no live job needed it. */
    void beginAt(long first) {
        firstSequence = first;
        sequence = first - 1;
    }

    /**
     * Takes the next event.
     *
     * @throws JournalException.Broken if it does not follow
     */
    void accept(long next, byte[] payload) {
        if (next != sequence + 1) {
            throw new JournalException.Broken(next, "event " + (sequence + 1) + " is missing before it", null);
        }
        var before = link;
        var event = before == null && firstSequence > 1
                ? EventRecord.decodeUnlinked(next, payload)
                : EventRecord.decode(next, before == null ? EventRecord.linkTo(new byte[0]) : before, payload);
        switch (event) {
            case JobEvent ofJob -> fold(next, ofJob);
            case Audited _ -> {}
        }
        sequence = next;
        link = EventRecord.linkTo(payload);
    }

    private void fold(long next, JobEvent event) {
        var id = event.jobId();
        var job = live.get(id);
        try {
            if (job == null && (!(event instanceof JobEvent.Submitted) || ended.containsKey(id))) {
                foldEnded(next, event);
                return;
            }
            var after = JobFold.apply(job, next, event);
            if (after.state() instanceof JobState.Ended) {
                live.remove(id);
                put(JobSummary.of(after));
            } else {
                live.put(id, after);
            }
        } catch (JournalException.IllegalTransition e) {
            throw new JournalException.Broken(next, String.valueOf(e.getMessage()), e);
        }
    }

    /** An event of a job that is not live. */
    private void foldEnded(long next, JobEvent event) {
        var job = ended.get(event.jobId());
        if (job == null) {
            job = inRuns(event.jobId());
        }
        if (job == null && firstSequence > 1) {
            // The rest of a job whose beginning was discarded: it had ended by then.
            return;
        }
        put(undone(job, next, event));
    }

    static JobSummary undone(@Nullable JobSummary job, long sequence, JobEvent event) {
        if (job != null && event instanceof JobEvent.RolledBack && !job.rolledBack()) {
            return job.undone(sequence);
        }
        var word = job == null ? "unknown" : job.rolledBack() ? job.state() + " and rolled_back" : job.state();
        throw new JournalException.IllegalTransition(event.jobId(), word, event.type());
    }

    private @Nullable JobSummary inRuns(String id) {
        var index = new JobIndex(() -> firstSequence);
        index.become(runs, firstSequence);
        return index.find(id).orElse(null);
    }

    private void put(JobSummary job) {
        ended.put(job.jobId(), job);
        if (ended.size() >= nextRun) {
            try {
                runs.add(files.writeRun(job.lastSequence(), List.copyOf(ended.values())));
                ended.clear();
                nextRun = runRows;
            } catch (IOException e) {
                // Nothing is lost: they stay in memory, and in the snapshots, until there is a file for them.
                observer.trouble("write a file of the index", e);
                nextRun = ended.size() + runRows;
            }
        }
    }

    /** Gives up the files of the index that have only jobs submitted before a sequence number. */
    void discardBefore(long first) {
        firstSequence = Math.max(firstSequence, first);
        runs.removeIf(run -> run.lastSequence() < first);
        ended.values().removeIf(job -> job.firstSequence() < first);
    }

    Snapshot snapshot() {
        if (link == null) {
            throw new IllegalStateException("nothing has happened yet");
        }
        return new Snapshot(sequence, link, firstSequence, liveJobs(), List.copyOf(ended.values()), List.copyOf(runs));
    }

    List<JobRecord> liveJobs() {
        return live.values().stream()
                .sorted((a, b) -> Long.compare(a.firstSequence(), b.firstSequence()))
                .toList();
    }

    List<JobSummary> ended() {
        return List.copyOf(ended.values());
    }

    List<IndexRun> runs() {
        return List.copyOf(runs);
    }

    long sequence() {
        return sequence;
    }

    long firstSequence() {
        return firstSequence;
    }
}
