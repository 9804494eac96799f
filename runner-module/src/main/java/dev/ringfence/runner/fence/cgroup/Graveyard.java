package dev.ringfence.runner.fence.cgroup;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Groups to be removed. The kernel refuses while it still uncharges a process that is gone already, so what cannot go at
 * once is tried again a little later, beside the caller. Thread-safe.
 */
final class Graveyard {
    private static final long PAUSE_NANOS = Duration.ofMillis(2).toNanos();
    private static final long PATIENCE_NANOS = Duration.ofSeconds(10).toNanos();

    private final Queue<Path> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean digging = new AtomicBoolean();

    void bury(List<Path> groups) {
        for (var group : groups) {
            if (!GroupFiles.remove(group)) {
                waiting.add(group);
            }
        }
        if (!waiting.isEmpty() && digging.compareAndSet(false, true)) {
            Thread.ofVirtual().name("cgroup-remover").start(this::dig);
        }
    }

    /** What is left after that waits for the next burial. */
    private void dig() {
        long until = System.nanoTime() + PATIENCE_NANOS;
        while (!waiting.isEmpty() && System.nanoTime() - until < 0) {
            LockSupport.parkNanos(PAUSE_NANOS);
            waiting.removeIf(GroupFiles::remove);
        }
        digging.set(false);
    }
}
