package dev.ringfence.runner.engine;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;

/**
 * Runs decisions one after the other, in the order in which they came: at once in the thread that brings one, unless
 * another is at it and does this one, too. So nobody waits for a thread to wake up. What is brought from within a decision
 * follows it. Thread-safe; decisions must not block, and whoever brings one must hold no lock that a decision takes.
 */
final class OneAfterAnother {
    private static final Logger LOG = Logger.getLogger(OneAfterAnother.class);

    private final Queue<Runnable> decisions = new ConcurrentLinkedQueue<>();
    private final AtomicInteger open = new AtomicInteger();
    private volatile boolean closed;

    /** Runs it, or has it run; false when this was closed before. */
    boolean run(Runnable decision) {
        if (closed) {
            return false;
        }
        decisions.add(decision);
        if (open.getAndIncrement() == 0) {
            runAll();
        }
        return true;
    }

    /** Whatever one of them throws, the next ones are not left behind for ever. */
    private void runAll() {
        boolean more = true;
        while (more) {
            try {
                runOne(decisions.remove());
            } catch (Throwable e) {
                // There may have been no room even to say that one has failed; with the next there may be.
            } finally {
                more = open.decrementAndGet() > 0;
            }
        }
    }

    private static void runOne(Runnable decision) {
        try {
            decision.run();
        } catch (RuntimeException | Error e) {
            // It is none of its bringer's matter: that may be anyone's thread.
            LOG.error("A decision about engines failed", e);
        }
    }

    /** Takes nothing more. */
    void close() {
        closed = true;
    }
}
