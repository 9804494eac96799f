package dev.ringfence.runner.engine;

import dev.ringfence.runner.process.OutputListener;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Carries what a program's keeper hears to a thread that may be held back, and then holds the program back: see
 * {@link OutputListener#wantsMore}. One thread puts in, one takes out.
 */
final class HeldBackQueue<T> {
    private static final int MOST = 64;

    private final BlockingQueue<T> waiting = new LinkedBlockingQueue<>();
    private volatile Runnable look = () -> {};
    private volatile boolean full;

    /** @param writer makes the keeper ask again */
    void attach(Runnable writer) {
        look = writer;
    }

    boolean wantsMore() {
        // Said before it is looked at: who takes the last one in between then has the keeper ask again.
        full = true;
        if (waiting.size() >= MOST) {
            return false;
        }
        full = false;
        return true;
    }

    /** Takes it in any case; the end of a program is told when there is no room, too. */
    void add(T heard) {
        waiting.add(heard);
    }

    /** Waits for the next one. */
    T take() throws InterruptedException {
        var next = waiting.take();
        if (full) {
            look.run();
        }
        return next;
    }

    /** Nothing when nothing waits. */
    @Nullable T poll() {
        return waiting.poll();
    }
}
