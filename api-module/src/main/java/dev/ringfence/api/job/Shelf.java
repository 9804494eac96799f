package dev.ringfence.api.job;

import dev.ringfence.wal.journal.JobEvent;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The jobs in memory: all live ones, and the newest of the ended ones. Thread-safe. */
final class Shelf {
    /** One caller's key. */
    record Key(String agent, String key) {
        static Optional<Key> of(JobEvent.Submitted submission) {
            return Optional.ofNullable(submission.idempotencyKey()).map(key -> new Key(submission.agent(), key));
        }
    }

    private final int retained;
    private final LinkedHashMap<String, Job> jobs = new LinkedHashMap<>();
    private final Map<Key, Job> keys = new HashMap<>();
    private int ended;

    Shelf(int retained) {
        this.retained = retained;
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

    /**
     * Puts a job there that an earlier life admitted. Of several with the same key, the newest has it: the older ones
     * had been forgotten by then.
     */
    synchronized void restore(Job job) {
        Key.of(job.submission()).ifPresent(key -> keys.put(key, job));
        jobs.put(job.id(), job);
        if (job.view().state().ended()) {
            ended();
        }
    }

    /** One of the jobs has ended, so an older one may have to go. */
    synchronized void ended() {
        ended++;
        var iterator = jobs.values().iterator();
        while (ended > retained && iterator.hasNext()) {
            var job = iterator.next();
            if (job.view().state().ended()) {
                iterator.remove();
                ended--;
                Key.of(job.submission()).ifPresent(key -> keys.remove(key, job));
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

    /** Newest first, and only those that are wanted. */
    synchronized List<Job> newest(int most, Predicate<Job> wanted) {
        return jobs.sequencedValues().reversed().stream()
                .filter(wanted)
                .limit(most)
                .toList();
    }

    synchronized List<Job> live() {
        return jobs.values().stream().filter(job -> !job.view().state().ended()).toList();
    }
}
