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
            records++;
            bytes += append.size();
            queued.add(append);
            if (queued.size() == 1) {
                changed.signal();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for something, and takes everything. Empty only once the queue is closed and nothing is left. */
    List<Append> take() {
        lock.lock();
        try {
            while (queued.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            var taken = queued;
            queued = new ArrayList<>();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    void release(List<Append> acknowledged) {
        lock.lock();
        try {
            for (var append : acknowledged) {
                records--;
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
