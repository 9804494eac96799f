package dev.ringfence.wal.log;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What waits for the writer, in order. What was taken but not yet acknowledged still counts against the bounds. */
final class AppendQueue {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final int maxRecords;
    private final long maxBytes;
    private List<Append> queued = new ArrayList<>();
    private int records;
    private long bytes;
    /** With so many queued the writer is woken. */
    private int wanted = 1;

    private boolean closed;

    AppendQueue(int maxRecords, long maxBytes) {
        this.maxRecords = maxRecords;
        this.maxBytes = maxBytes;
    }

    /**
     * Returns false if the queue is closed.
     *
     * @throws LogException.Saturated if there is no room
     */
    boolean offer(Append append) {
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            if (records >= maxRecords) {
                throw new LogException.Saturated(maxRecords + " records wait (queueRecords)");
            }
            if (records > 0 && bytes + append.size() > maxBytes) {
                throw new LogException.Saturated(
                        bytes + " bytes wait, and " + append.size() + " more exceed " + maxBytes + " (queueBytes)");
            }
            records += append.records();
            bytes += append.size();
            queued.add(append);
            if (queued.size() == wanted) {
                changed.signal();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for something, and takes everything: nothing only once the queue is closed and empty, or the rest is over.
     *
     * @param more when so many records more than are there now have come, the wait is over
     * @param patience in nanoseconds
     * @param rest how many nanoseconds to wait for anything at all
     */
    Taken take(int more, long patience, long rest) {
        lock.lock();
        try {
            wanted = queued.size() + more;
            var left = patience;
            while (queued.size() < wanted && left > 0 && !closed) {
                left = await(left);
            }
            var enough = queued.size() >= wanted;
            wanted = 1;
            left = rest;
            while (queued.isEmpty() && !closed && left > 0) {
                left = await(left);
            }
            var taken = queued;
            queued = new ArrayList<>(taken.size());
            return new Taken(taken, enough, closed && taken.isEmpty());
        } finally {
            lock.unlock();
        }
    }

    /** To be called in a loop; gives what is left of the time. */
    @SuppressWarnings("WaitNotInLoop") // its callers loop
    private long await(long nanos) {
        try {
            return changed.awaitNanos(nanos);
        } catch (InterruptedException _) {
            // The writer's thread is the log's own, and an interrupt means nothing to it.
            return 0;
        }
    }

    /**
     * What was taken.
     *
     * @param enough whether as many came in time as were waited for
     * @param isEnd whether nothing will come any more
     */
    record Taken(List<Append> appends, boolean enough, boolean isEnd) {}

    void release(List<Append> acknowledged) {
        lock.lock();
        try {
            for (var append : acknowledged) {
                records -= append.records();
                bytes -= append.size();
            }
        } finally {
            lock.unlock();
        }
    }

    /** From now on nothing is accepted; what was accepted can still be taken. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }
}
