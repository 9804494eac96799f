package dev.ringfence.runner.capability;

import dev.ringfence.runner.fence.FencedProcess;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The programs that run in fences for jobs, and whose any process of the host is. Thread-safe. */
public final class RunningJobs {
    private final Set<Running> running = ConcurrentHashMap.newKeySet();

    /** A program under way. */
    public record Running(String jobId, String agent, FencedProcess process) {}

    void add(Running program) {
        running.add(program);
    }

    void remove(Running program) {
        running.remove(program);
    }

    /** The program whose process this is. Only good while the process is held. */
    Optional<Running> owner(int pid) {
        return running.stream().filter(program -> program.process().owns(pid)).findFirst();
    }
}
