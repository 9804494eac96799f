package dev.ringfence.wal.journal;

import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The ended jobs that are on disk only. Made from the journal, so it can always be made again, and never believed
 * against it. Thread-safe; all methods that look for jobs read files.
 */
final class JobIndex {
    private final LongSupplier firstInLog;

    /** Jobs that were submitted before are given up, even if their events are still there. */
    private volatile long border;

    /** The newest last. Replaced as a whole. */
    private volatile List<IndexRun> runs = List.of();

    private volatile @Nullable String damage;

    /** How often it was made anew. */
    private volatile long rebuilds;

    /** @param firstInLog the sequence number of the oldest event that the journal keeps: older jobs are gone */
    JobIndex(LongSupplier firstInLog) {
        this.firstInLog = firstInLog;
    }

    List<IndexRun> runs() {
        return runs;
    }

    /**
     * What the index consists of from now on.
     *
     * @param first jobs that were submitted before this event are given up
     */
    synchronized void become(List<IndexRun> newRuns, long first) {
        border = first;
        runs = List.copyOf(newRuns);
        damage = null;
    }

    /**
     * Like {@link #become}, when it was made from the journal again: other jobs may be in it than before. Those that it
     * lacks now are in memory by then.
     */
    synchronized void becomeAnew(List<IndexRun> newRuns, long first) {
        rebuilds++;
        become(newRuns, first);
    }

    /**
     * Looks for something in memory first and then here. Once more where the index was made anew meanwhile: what was here
     * may have come to memory behind the look there.
     */
    <T> T consistently(Supplier<T> look) {
        while (true) {
            long before = rebuilds;
            try {
                var found = look.get();
                if (rebuilds == before) {
                    return found;
                }
            } catch (JournalException.IndexDamaged e) {
                if (rebuilds == before) {
                    throw e;
                }
            }
        }
    }

    /** Why the index cannot be used until it has been made anew; null when all is well. */
    @Nullable String damage() {
        return damage;
    }

    void damaged(String why) {
        damage = why;
    }

    Optional<JobSummary> find(String id) {
        return newest(IndexRun.nameOf(id), row -> row.jobId().equals(id));
    }

    Optional<JobSummary> findByKey(String agent, String key) {
        return newest(
                IndexRun.nameOf(agent, key), row -> row.agent().equals(agent) && key.equals(row.idempotencyKey()));
    }

    private Optional<JobSummary> newest(long name, Predicate<JobSummary> wanted) {
        requireWhole();
        var all = runs;
        JobSummary found = null;
        for (int i = all.size() - 1; i >= 0 && found == null; i--) {
            if (all.get(i).mayHave(name)) {
                found = newest(all.get(i), wanted);
            }
        }
        return Optional.ofNullable(found).filter(row -> row.firstSequence() >= firstKept());
    }

    private long firstKept() {
        return Math.max(border, firstInLog.getAsLong());
    }

    private @Nullable JobSummary newest(IndexRun run, Predicate<JobSummary> wanted) {
        JobSummary found = null;
        for (int block = run.blocks() - 1; block >= 0 && found == null; block--) {
            for (var row : rows(run, block)) {
                if (wanted.test(row) && (found == null || row.lastSequence() > found.lastSequence())) {
                    found = row;
                }
            }
        }
        return found;
    }

    /** Walks over the jobs that were submitted before a sequence number, the newest first. */
    Walk before(long sequence) {
        requireWhole();
        return new Walk(runs, sequence);
    }

    /** Several files at a time, merged. Not for several threads. */
    final class Walk {
        private final PriorityQueue<Place> places = new PriorityQueue<>(
                (a, b) -> Long.compare(b.current().firstSequence(), a.current().firstSequence()));
        private int looked;

        private Walk(List<IndexRun> all, long sequence) {
            for (int age = 0; age < all.size(); age++) {
                var run = all.get(all.size() - 1 - age);
                if (run.firstSequence() < sequence) {
                    var place = new Place(run, sequence);
                    if (place.advance()) {
                        places.add(place);
                    }
                }
            }
        }

        /** The next job; null when there is none. Of several rows of one job the newest. */
        @Nullable JobSummary next() {
            JobSummary next = null;
            while (!places.isEmpty()) {
                var row = places.element().current();
                if (next != null && row.firstSequence() < next.firstSequence()) {
                    break;
                }
                next = next == null || row.lastSequence() > next.lastSequence() ? row : next;
                var place = places.remove();
                if (place.advance()) {
                    places.add(place);
                }
            }
            if (next != null && next.firstSequence() < firstKept()) {
                places.clear();
                return null;
            }
            looked++;
            return next;
        }

        /** How many jobs it has come by. */
        int looked() {
            return looked;
        }
    }

    private final class Place {
        private final IndexRun run;
        private final long before;
        private int block;
        private List<JobSummary> rows = List.of();
        private int row = -1;

        Place(IndexRun run, long before) {
            this.run = run;
            this.before = before;
            block = run.blockBefore(before) + 1;
        }

        JobSummary current() {
            return rows.get(row);
        }

        boolean advance() {
            while (true) {
                if (row > 0) {
                    row--;
                } else if (block > 0) {
                    rows = rows(run, --block);
                    row = rows.size() - 1;
                } else {
                    return false;
                }
                if (row >= 0 && current().firstSequence() < before) {
                    return true;
                }
            }
        }
    }

    private List<JobSummary> rows(IndexRun run, int block) {
        try {
            return run.rows(block);
        } catch (JournalException.IndexDamaged e) {
            if (isGivenUp(run, e.why())) {
                return List.of();
            }
            throw e;
        }
    }

    /** Of a file that cannot be read: whether all its jobs were given up meanwhile. Otherwise it is damaged, or replaced. */
    private synchronized boolean isGivenUp(IndexRun run, String why) {
        if (runs.contains(run)) {
            damaged(why);
            return false;
        }
        return run.lastSequence() < firstKept();
    }

    private void requireWhole() {
        var why = damage;
        if (why != null) {
            throw new JournalException.IndexDamaged(why, null);
        }
    }
}
