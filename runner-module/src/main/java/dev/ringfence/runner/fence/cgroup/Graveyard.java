package dev.ringfence.runner.fence.cgroup;

import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Groups to be removed: the kernel refuses while it still uncharges the last process. Thread-safe. */
final class Graveyard {
    private final Queue<Path> waiting = new ConcurrentLinkedQueue<>();

    void bury(List<Path> groups) {
        waiting.addAll(groups);
        waiting.removeIf(GroupFiles::remove);
    }
}
