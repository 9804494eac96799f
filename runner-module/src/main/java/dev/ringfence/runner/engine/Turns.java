package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Saturated;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * Lets so many requests be under way at the same time. The others wait, fair between agents ({@link FairQueue}), and hear
 * at which place. Thread-safe.
 */
final class Turns {
    private final int queue;
    private final Full full;

    // Guarded by this.
    private final FairQueue<Waiter> waiting = new FairQueue<>();
    private int free;
    private long arrivals;

    /** What somebody hears for whom there is no room. */
    interface Full {
        /**
         * Says it.
         *
         * @param waiting requests that wait
         * @param ofAgent of those, the ones of the same agent
         */
        Saturated because(int waiting, int ofAgent);
    }

    /** Only its thread waits for the latch; the place belongs to the turns. */
    private static final class Waiter {
        private final CountDownLatch granted = new CountDownLatch(1);
        private final Consumer<EngineProgress> listener;
        private int toldPlace;

        Waiter(Consumer<EngineProgress> listener) {
            this.listener = listener;
        }
    }

    /**
     * All are free.
     *
     * @param most requests at the same time
     * @param queue requests that wait
     */
    Turns(int most, int queue, Full full) {
        this.free = most;
        this.queue = queue;
        this.full = full;
    }

    /**
     * Waits for a turn, which {@link #giveBack} ends.
     *
     * @param listener hears the place while there is one; from other threads, and must not block
     * @throws Saturated when too many wait already
     * @throws InterruptedException when the thread was interrupted; then it has no turn
     */
    void take(String agent, Consumer<EngineProgress> listener) throws InterruptedException {
        var waiter = new Waiter(listener);
        enter(agent, waiter);
        try {
            waiter.granted.await();
        } catch (InterruptedException e) {
            leave(waiter);
            throw e;
        }
    }

    private synchronized void enter(String agent, Waiter waiter) {
        if (waiting.full(agent, queue, free)) {
            throw full.because(waiting.size(), waiting.size(agent));
        }
        waiting.add(agent, waiter, ++arrivals);
        proceed();
    }

    private synchronized void leave(Waiter waiter) {
        if (!waiting.remove(waiter)) {
            // It was its turn in the same moment.
            free++;
        }
        proceed();
    }

    /** Ends a turn. */
    synchronized void giveBack() {
        free++;
        proceed();
    }

    private void proceed() {
        while (free > 0 && !waiting.isEmpty()) {
            free--;
            waiting.poll(_ -> true).ifPresent(next -> next.granted.countDown());
        }
        int place = 0;
        for (var waiter : waiting.inOrder()) {
            place++;
            if (waiter.toldPlace != place) {
                waiter.toldPlace = place;
                waiter.listener.accept(new EngineProgress.Queued(place));
            }
        }
    }
}
