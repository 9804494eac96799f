package dev.ringfence.runner.capability;

import dev.ringfence.runner.fence.FencedProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The programs that run in fences for jobs, and whose any process of the host is. Thread-safe. */
public final class RunningJobs {
    private final Set<Running> running = ConcurrentHashMap.newKeySet();

    /**
     * A program under way.
     *
     * @param name the fence's, which its control group has as well
     */
    public record Running(String jobId, String agent, String name, FencedProcess process) {}

    void add(Running program) {
        running.add(program);
    }

    void remove(Running program) {
        running.remove(program);
    }

    /**
     * The program whose process this is: it is in the same control group or, where fences have one, in the same process
     * namespace. Only good while the process is held.
     */
    public Optional<Running> owner(int pid) {
        return running.stream().filter(program -> owns(program, pid)).findFirst();
    }

    private static boolean owns(Running program, int pid) {
        int first = (int) program.process().pid();
        return pid == first || sameNamespace(first, pid) || sameGroup(program.name(), first, pid);
    }

    private static boolean sameNamespace(int first, int pid) {
        var namespace = link(first);
        return namespace.isPresent()
                && namespace.equals(link(pid))
                && !namespace.equals(link((int) ProcessHandle.current().pid()));
    }

    private static Optional<Path> link(int pid) {
        try {
            return Optional.of(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/pid")));
        } catch (IOException | SecurityException e) {
            return Optional.empty();
        }
    }

    /** Groups carry the fence's name, which no two running ones share. */
    private static boolean sameGroup(String name, int first, int pid) {
        var own = groups(pid);
        return groups(first).stream().anyMatch(group -> group.endsWith("/" + name) && own.contains(group));
    }

    private static List<String> groups(int pid) {
        try {
            return Files.readAllLines(Path.of("/proc/" + pid + "/cgroup"));
        } catch (IOException e) {
            return List.of();
        }
    }
}
