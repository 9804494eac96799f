package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.WriteAheadLog;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Follows the journal on a thread of its own: reads what was appended, folds it a second time, and writes snapshots and
 * the index from that. So appending never waits for it, and what it writes is what a recovery would have come to. It also
 * gives up what is too old, and removes what nothing names.
 */
final class SnapshotKeeper {
    private static final Duration TICK = Duration.ofMinutes(5);

    private final JournalFiles files;
    private final JournalOptions options;
    private final WriteAheadLog log;
    private final JobTable table;
    private final JobIndex index;
    private final BlobStore blobs;
    private final SegmentAges ages;
    private final RetentionRule rule;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wanted = lock.newCondition();
    private boolean closed;
    private boolean woken;
    private volatile long nextAt;

    /** Guards all below: one does the work at a time. */
    private final ReentrantLock work = new ReentrantLock();

    private JournalState state;
    /** Whether an error came in the middle of a change of the state, so that it cannot be relied on. */
    private boolean stateInDoubt;

    /** Whether the newest snapshot names an index that was made anew since. */
    private boolean outdated;

    /** Whether nothing has been given up since all that nothing names was removed. */
    private boolean swept;

    private volatile long snapshotSequence;

    SnapshotKeeper(
            JournalFiles files,
            JournalOptions options,
            WriteAheadLog log,
            JobTable table,
            JobIndex index,
            BlobStore blobs,
            JournalState state) {
        this.files = files;
        this.options = options;
        this.log = log;
        this.table = table;
        this.index = index;
        this.blobs = blobs;
        this.state = state;
        ages = new SegmentAges(files, options);
        rule = new RetentionRule(options, log, blobs, ages);
        thread = Thread.ofPlatform()
                .name("journal-snapshots-" + files.directory().getFileName())
                .daemon()
                .unstarted(this::run);
    }

    /** @param snapshotAt the newest event that a snapshot covers already */
    void start(long snapshotAt) {
        snapshotSequence = snapshotAt;
        nextAt = snapshotAt + options.snapshotEvents();
        thread.start();
    }

    /** An event became durable. Never blocks. */
    void written(long sequence) {
        if (sequence >= nextAt) {
            nextAt = Long.MAX_VALUE;
            wake();
        }
    }

    /** The newest event that a snapshot covers. */
    long snapshotSequence() {
        return snapshotSequence;
    }

    /** Makes the index anew. Returns at once. */
    void rebuild(String why) {
        index.damaged(why);
        wake();
    }

    /** Makes the index anew if it is damaged, or does what else there is to do. Returns at once. */
    void wake() {
        lock.lock();
        try {
            woken = true;
            wanted.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        // First, since a start that read much shall not have to do so again.
        if (state.sequence() >= nextAt) {
            attempt("write a snapshot", this::snapshot);
        }
        attempt("remove what nothing names", this::sweep);
        while (awaitWork()) {
            attempt("write a snapshot", this::snapshot);
        }
    }

    private boolean awaitWork() {
        lock.lock();
        try {
            long left = TICK.toNanos();
            while (!woken && !closed && left > 0) {
                left = wanted.awaitNanos(left);
            }
            woken = false;
            return !closed;
        } catch (InterruptedException _) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private void attempt(String what, Task task) {
        work.lock();
        try {
            mending(task);
        } catch (Throwable e) {
            // Also when memory was short for a moment: without this thread nothing is kept small any more.
            stateInDoubt |= e instanceof Error;
            tell(what, e);
        } finally {
            nextAt = Math.max(snapshotSequence, state.sequence()) + options.snapshotEvents();
            work.unlock();
        }
    }

    /** Where a file of the index turns out to be damaged, the index is made anew and it is done once more. */
    private void mending(Task task) throws IOException {
        if (stateInDoubt || index.damage() != null) {
            makeAnew();
        }
        try {
            task.run();
        } catch (JournalException.IndexDamaged e) {
            index.damaged(e.why());
            makeAnew();
            task.run();
        }
    }

    private void tell(String what, Throwable why) {
        try {
            options.observer().trouble(what, why);
        } catch (RuntimeException | Error _) {
            // Whoever cannot hear of it now may hear of it the next time.
        }
    }

    /** Covers everything that is durable by now, and gives up what need not be kept. For tests; blocks. */
    void snapshotNow() throws IOException {
        work.lock();
        try {
            mending(this::snapshot);
        } finally {
            work.unlock();
        }
    }

    private void snapshot() throws IOException {
        var began = System.nanoTime();
        advance();
        IOException noRoom = null;
        if (state.sequence() > snapshotSequence || outdated) {
            noRoom = write();
            if (noRoom == null) {
                publish();
                files.tidy(log.firstSequence(), state.runs());
                options.observer().snapshot(state.sequence(), Duration.ofNanos(System.nanoTime() - began));
            }
        }
        // Also without room for a snapshot, since this is what makes room.
        noRoom = retain(noRoom);
        if (!swept) {
            sweep();
        }
        if (noRoom != null) {
            throw noRoom;
        }
    }

    private void advance() {
        var to = log.lastSequence();
        if (state.sequence() >= to) {
            return;
        }
        log.read(state.sequence() + 1, (sequence, _, payload) -> {
            state.accept(sequence, payload);
            return sequence < to;
        });
    }

    /** Writes a snapshot. Where there is no room for it, returns that. */
    private @Nullable IOException write() throws IOException {
        try {
            files.write(state.snapshot());
        } catch (IOException e) {
            if (files.files().storage().isNoSpace(e)) {
                return e;
            }
            throw e;
        }
        snapshotSequence = state.sequence();
        outdated = false;
        return null;
    }

    private void publish() {
        var before = index.runs();
        var now = state.runs();
        index.become(now, state.firstSequence());
        now.stream().filter(run -> !before.contains(run)).forEach(this::forget);
    }

    /** What a file of the index has need not be in memory any more. */
    private void forget(IndexRun run) {
        for (int block = 0; block < run.blocks(); block++) {
            table.forget(run.rows(block));
        }
    }

    /**
     * Gives up what need not be kept.
     *
     * @param noRoom why there is no snapshot of the present state, if there is none
     * @return the same, after the snapshot that says what was given up
     */
    private @Nullable IOException retain(@Nullable IOException noRoom) throws IOException {
        if (state.sequence() == 0) {
            return noRoom;
        }
        // What was given up already, and could not be removed from the log then, is removed from it first of all.
        var border = Math.max(rule.border(state), rule.segmentOf(state.firstSequence()));
        if (border <= log.firstSequence()) {
            return noRoom;
        }
        state.discardBefore(border);
        // First what says that they are not needed, then the events themselves. Without it a start reads all events
        // that
        // are kept and comes to the same: no live job has any other.
        var stillNoRoom = write();
        publish();
        table.discardBefore(state.firstSequence());
        swept = false;
        var first = log.discardBefore(border);
        files.tidy(first, state.runs());
        options.observer().discardedBefore(first);
        return stillNoRoom;
    }

    /** Not before the log has forgotten, too, what was given up: until then a start without a snapshot comes to it again. */
    private void sweep() throws IOException {
        if (rule.segmentOf(state.firstSequence()) > log.firstSequence()) {
            return;
        }
        var removed = blobs.sweep(this::namedBlobs);
        swept = true;
        if (removed.count() > 0) {
            options.observer().swept(removed);
        }
    }

    private Set<String> namedBlobs() {
        var named = new HashSet<>(table.blobs());
        state.ended().forEach(job -> job.blobs().forEach(blob -> named.add(blob.sha256())));
        for (var run : state.runs()) {
            for (int block = 0; block < run.blocks(); block++) {
                run.rows(block).forEach(job -> job.blobs().forEach(blob -> named.add(blob.sha256())));
            }
        }
        return named;
    }

    /**
     * From the events alone; then it is as good as new. Where something was given up, the files become full at other jobs
     * than before: what no file has now has to be in memory again before anyone asks the new ones.
     */
    private void makeAnew() throws IOException {
        var why = index.damage();
        if (why != null) {
            options.observer().unusable("the index of older jobs", why);
        }
        var anew = new JournalState(files, options.indexRows(), options.observer());
        anew.beginAt(log.firstSequence());
        var to = state.sequence();
        log.read(log.firstSequence(), (sequence, _, payload) -> {
            anew.accept(sequence, payload);
            return sequence < to;
        });
        anew.discardBefore(state.firstSequence());
        state = anew;
        stateInDoubt = false;
        outdated = true;
        table.remember(anew.ended());
        index.becomeAnew(anew.runs(), anew.firstSequence());
        anew.runs().forEach(this::forget);
    }

    /** Ends the thread, after a last snapshot if there is something new. Blocks. */
    void close() {
        boolean again;
        lock.lock();
        try {
            again = closed;
            closed = true;
            wanted.signal();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                TimeUnit.SECONDS.timedJoin(thread, Long.MAX_VALUE);
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (!again) {
            attempt("write a snapshot", this::snapshot);
            attempt("write how long each segment was kept", ages::save);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
