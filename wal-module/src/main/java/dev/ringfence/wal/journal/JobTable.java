package dev.ringfence.wal.journal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The jobs in memory: all live ones, and those ended ones that no file of the index has yet. Asks the index for the
 * others. Thread-safe.
 */
final class JobTable {
    private record Key(String agent, String key) {}

    private final JobIndex index;
    private final Map<String, JobRecord> live = new HashMap<>();
    private final Map<String, JobSummary> ended = new HashMap<>();
    private final TreeMap<Long, String> bySubmission = new TreeMap<>();
    private final Map<Key, String> keys = new HashMap<>();

    JobTable(JobIndex index) {
        this.index = index;
    }

    /** A job came to a new state, and the journal has it. */
    synchronized void put(JobRecord job) {
        if (job.state() instanceof JobState.Ended) {
            live.remove(job.jobId());
            put(JobSummary.of(job));
            return;
        }
        live.put(job.jobId(), job);
        bySubmission.put(job.firstSequence(), job.jobId());
        remember(job.submission().agent(), job.submission().idempotencyKey(), job.jobId());
    }

    /** A job has ended, or an ended one was undone. */
    synchronized void put(JobSummary job) {
        ended.put(job.jobId(), job);
        bySubmission.put(job.firstSequence(), job.jobId());
        remember(job.agent(), job.idempotencyKey(), job.jobId());
    }

    /** No file of the index has these jobs any more; those that changed since then stay as they are. */
    synchronized void remember(List<JobSummary> unindexed) {
        for (var job : unindexed) {
            var known = ended.get(job.jobId());
            if (live.containsKey(job.jobId()) || (known != null && known.lastSequence() >= job.lastSequence())) {
                continue;
            }
            ended.put(job.jobId(), job);
            bySubmission.put(job.firstSequence(), job.jobId());
            if (job.idempotencyKey() != null) {
                keys.merge(new Key(job.agent(), job.idempotencyKey()), job.jobId(), this::newer);
            }
        }
    }

    /** Of two jobs in memory the one that was submitted later. */
    private String newer(String one, String other) {
        var first = summary(one);
        var second = summary(other);
        return first != null && second != null && first.firstSequence() > second.firstSequence() ? one : other;
    }

    /** A file of the index has these jobs now; those that changed since then stay. */
    synchronized void forget(List<JobSummary> indexed) {
        for (var job : indexed) {
            if (ended.remove(job.jobId(), job)) {
                bySubmission.remove(job.firstSequence());
                if (job.idempotencyKey() != null) {
                    keys.remove(new Key(job.agent(), job.idempotencyKey()), job.jobId());
                }
            }
        }
    }

    /** Jobs that were submitted before are given up; they have all ended. */
    synchronized void discardBefore(long sequence) {
        forget(ended.values().stream()
                .filter(job -> job.firstSequence() < sequence)
                .toList());
    }

    /** The hashes of all blobs that the jobs in memory name. */
    synchronized Set<String> blobs() {
        var named = new HashSet<String>();
        ended.values().forEach(job -> job.blobs().forEach(blob -> named.add(blob.sha256())));
        return named;
    }

    private void remember(String agent, @Nullable String key, String id) {
        if (key != null) {
            keys.put(new Key(agent, key), id);
        }
    }

    synchronized @Nullable JobRecord live(String id) {
        return live.get(id);
    }

    synchronized int liveCount() {
        return live.size();
    }

    synchronized int endedCount() {
        return ended.size();
    }

    /** An ended job that no file of the index has yet. */
    synchronized @Nullable JobSummary endedInMemory(String id) {
        return ended.get(id);
    }

    /** A job by its id, wherever it is. Reads files when it is not in memory. */
    Optional<JobSummary> find(String id) {
        return index.consistently(() -> {
            var job = inMemory(id);
            return job != null ? Optional.of(job) : index.find(id);
        });
    }

    private synchronized @Nullable JobSummary inMemory(String id) {
        return summary(id);
    }

    /** The newest job with a key, wherever it is. Reads files when it is not in memory. */
    Optional<JobSummary> findByKey(String agent, String key) {
        return index.consistently(() -> {
            var job = inMemory(new Key(agent, key));
            return job != null ? Optional.of(job) : index.findByKey(agent, key);
        });
    }

    private synchronized @Nullable JobSummary inMemory(Key key) {
        var id = keys.get(key);
        return id == null ? null : summary(id);
    }

    /** Those in memory that were submitted before a sequence number and match, newest first. */
    synchronized List<JobSummary> before(long sequence, JobQuery query, int most) {
        var found = new ArrayList<JobSummary>();
        for (var id : bySubmission.headMap(sequence, false).descendingMap().values()) {
            var job = summary(id);
            if (job != null && query.matches(job)) {
                found.add(job);
                if (found.size() == most) {
                    break;
                }
            }
        }
        return found;
    }

    /** Whether a job is in memory, so that the index's word on it does not count. */
    synchronized boolean has(String id) {
        return live.containsKey(id) || ended.containsKey(id);
    }

    private @Nullable JobSummary summary(String id) {
        var job = live.get(id);
        return job == null ? ended.get(id) : JobSummary.of(job);
    }
}
