package dev.ringfence.runner.fence.cgroup;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * Groups to be removed. The kernel refuses while it still uncharges a process that is gone already, so what cannot go at
 * once is tried again a little later, beside the caller. Thread-safe.
 */
final class Graveyard {
    private static final long PAUSE_NANOS = Duration.ofMillis(2).toNanos();
    private static final long PATIENCE_NANOS = Duration.ofSeconds(10).toNanos();

    /** Guards what follows, so that nothing is buried between the last look and the end of the digging. */
    private final Object lock = new Object();

    private final Set<Path> waiting = new LinkedHashSet<>();
    private boolean digging;

    void bury(List<Path> groups) {
        var left = groups.stream().filter(group -> !GroupFiles.remove(group)).toList();
        synchronized (lock) {
            waiting.addAll(left);
            if (!waiting.isEmpty() && !digging) {
                digging = true;
                Thread.ofVirtual().name("cgroup-remover").start(this::dig);
            }
        }
    }

    /** What is left after that waits for the next burial. */
    private void dig() {
        long until = System.nanoTime() + PATIENCE_NANOS;
        while (goOn(until)) {
            LockSupport.parkNanos(PAUSE_NANOS);
            var removed = waiting().stream().filter(GroupFiles::remove).toList();
            synchronized (lock) {
                removed.forEach(waiting::remove);
            }
        }
    }

    private boolean goOn(long until) {
        synchronized (lock) {
            digging = !waiting.isEmpty() && System.nanoTime() - until < 0;
            return digging;
        }
    }

    private List<Path> waiting() {
        synchronized (lock) {
            return List.copyOf(waiting);
        }
    }
}
