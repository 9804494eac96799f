package dev.ringfence.api.job;

import dev.ringfence.wal.journal.JobEvent;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The jobs in memory: all live ones, and the newest of the ended ones, within a number and a size. The journal has the
 * others. Thread-safe.
 */
final class Shelf {
    /** One caller's key. */
    record Key(String agent, String key) {
        static Optional<Key> of(JobEvent.Submitted submission) {
            return Optional.ofNullable(submission.idempotencyKey()).map(key -> new Key(submission.agent(), key));
        }
    }

    private final int retained;
    private final long retainedBytes;
    private final Map<String, Long> ended = new LinkedHashMap<>();
    private final Map<String, Job> jobs = new LinkedHashMap<>();
    private final Map<Key, Job> keys = new HashMap<>();
    private long bytes;

    /**
     * Empty.
     *
     * @param retained how many ended jobs it may have
     * @param retainedBytes what they may keep in memory together
     */
    Shelf(int retained, long retainedBytes) {
        this.retained = retained;
        this.retainedBytes = retainedBytes;
    }

    /** Puts a job there, unless its key is taken: then the job that has the key is returned instead. */
    synchronized Job put(Job job) {
        var key = Key.of(job.submission());
        if (key.isPresent()) {
            var other = keys.putIfAbsent(key.get(), job);
            if (other != null) {
                return other;
            }
        }
        jobs.put(job.id(), job);
        return job;
    }

    /** The job that has a key. */
    synchronized Optional<Job> byKey(String agent, String key) {
        return Optional.ofNullable(keys.get(new Key(agent, key)));
    }

    /** Puts a job there that an earlier life admitted. */
    synchronized void restore(Job job) {
        Key.of(job.submission()).ifPresent(key -> keys.put(key, job));
        jobs.put(job.id(), job);
    }

    /** A job has ended, so an older one may have to go. */
    synchronized void ended(Job job) {
        long weight = job.weight();
        if (!jobs.containsKey(job.id()) || ended.putIfAbsent(job.id(), weight) != null) {
            return;
        }
        bytes += weight;
        var oldest = ended.entrySet().iterator();
        while ((ended.size() > retained || bytes > retainedBytes) && oldest.hasNext()) {
            var next = oldest.next();
            bytes -= next.getValue();
            oldest.remove();
            var gone = jobs.remove(next.getKey());
            if (gone != null) {
                Key.of(gone.submission()).ifPresent(key -> keys.remove(key, gone));
            }
        }
    }

    /** Takes a job away whose submission could not be made durable. */
    synchronized void remove(Job job) {
        jobs.remove(job.id());
        Key.of(job.submission()).ifPresent(key -> keys.remove(key, job));
    }

    synchronized Optional<Job> find(String id) {
        return Optional.ofNullable(jobs.get(id));
    }
}
