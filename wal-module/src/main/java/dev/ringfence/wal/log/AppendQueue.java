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
     * Waits for something, and takes everything: nothing only once the queue is closed and empty.
     *
     * @param more when so many records more than are there now have come, the wait is over
     * @param patience in nanoseconds
     */
    Taken take(int more, long patience) {
        lock.lock();
        try {
            wanted = queued.size() + more;
            var left = patience;
            while (queued.size() < wanted && left > 0 && !closed) {
                try {
                    left = changed.awaitNanos(left);
                } catch (InterruptedException _) {
                    // The writer's thread is the log's own, and an interrupt means nothing to it.
                    left = 0;
                }
            }
            var enough = queued.size() >= wanted;
            wanted = 1;
            while (queued.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            var taken = queued;
            queued = new ArrayList<>(taken.size());
            return new Taken(taken, enough);
        } finally {
            lock.unlock();
        }
    }

    /**
     * What was taken.
     *
     * @param enough whether as many came in time as were waited for
     */
    record Taken(List<Append> appends, boolean enough) {}

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
