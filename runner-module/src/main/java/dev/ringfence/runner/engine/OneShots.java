package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.EngineException.TooLarge;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.process.OutputListener;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.BiFunction;

/**
 * Programs that each load a model for one request. One runs at a time, since each has a model in memory and all the
 * processors; the others wait in the order in which they came. Thread-safe.
 */
final class OneShots {
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final EngineSettings settings;
    private final BiFunction<FencedCommand, OutputListener, FencedProcess> fence;
    private final Semaphore turns = new Semaphore(1, true);

    // Guarded by this.
    private final Set<FencedProcess> running = new HashSet<>();
    private int waiting;
    private boolean closed;

    OneShots(EngineSettings settings, BiFunction<FencedCommand, OutputListener, FencedProcess> fence) {
        this.settings = settings;
        this.fence = fence;
    }

    /** Ends what {@link #turn} began. */
    interface Turn extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Waits until no other one runs.
     *
     * @throws Saturated when too many wait already
     */
    Turn turn(LocalModel model) throws InterruptedException {
        var need = model.memory().bytes();
        if (need > settings.memoryBudget()) {
            throw new TooLarge("model %s needs %d MB of memory, and engines may have %d MB; raise"
                            .formatted(model.id(), need >> 20, settings.memoryBudget() >> 20)
                    + " ringfence.engines.memory-budget");
        }
        synchronized (this) {
            if (waiting > settings.queue()) {
                throw new Saturated(
                        "%d requests wait already for a model to be loaded, one after the other, since this host has no"
                                        .formatted(waiting)
                                + " llama-server; ask again later, or raise ringfence.engines.queue",
                        RETRY_AFTER,
                        waiting);
            }
            waiting++;
        }
        try {
            turns.acquire();
        } finally {
            synchronized (this) {
                waiting--;
            }
        }
        return turns::release;
    }

    FencedProcess start(FencedCommand command, OutputListener output) {
        synchronized (this) {
            if (closed) {
                throw new Closed();
            }
            var process = fence.apply(command, output);
            running.add(process);
            process.result()
                    .onTermination()
                    .invoke(() -> forget(process))
                    .subscribe()
                    .with(_ -> {}, _ -> {});
            return process;
        }
    }

    private synchronized void forget(FencedProcess process) {
        running.remove(process);
        notifyAll();
    }

    /** Ends what runs, and lets nothing begin. Returns when nothing is left, or after the time. */
    synchronized void close(Duration most) throws InterruptedException {
        closed = true;
        running.forEach(FencedProcess::stop);
        long deadline = System.nanoTime() + most.toNanos();
        while (!running.isEmpty() && System.nanoTime() < deadline) {
            wait(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
        }
    }
}
