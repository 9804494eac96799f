package dev.ringfence.wal.log;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** Tells waiters how their appends ended: in the order of the log, one task at a time, away from the writer. */
final class Acknowledger {
    private final AppendQueue queue;
    private final Executor executor;
    private final Queue<List<Append>> settled = new ConcurrentLinkedQueue<>();
    private final AtomicInteger untold = new AtomicInteger();

    Acknowledger(AppendQueue queue, Executor executor) {
        this.queue = queue;
        this.executor = executor;
    }

    void acknowledge(List<Append> appends) {
        if (appends.isEmpty()) {
            return;
        }
        settled.add(appends);
        if (untold.getAndIncrement() > 0) {
            return;
        }
        try {
            executor.execute(this::tellAll);
        } catch (RejectedExecutionException _) {
            // The owner's executor has ended before the log; a slow answer is better than none.
            tellAll();
        } catch (RuntimeException | Error e) {
            // As when there is no thread to be had. The next ones would wait behind these for ever.
            tellAll();
            throw e;
        }
    }

    private void tellAll() {
        do {
            var next = settled.remove();
            // First, so that whoever appends again on hearing of it finds room.
            queue.release(next);
            next.forEach(Append::tell);
        } while (untold.decrementAndGet() > 0);
    }
}
