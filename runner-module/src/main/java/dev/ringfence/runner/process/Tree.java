package dev.ringfence.runner.process;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The processes of one start, as its supervisor may act on them: the child itself, and processes below it that the
 * supervisor learns of. Used on the watching thread only. A signal never reaches a stranger: the child is ours to wait
 * for, so its number stays taken, and all others are held by descriptors.
 */
public final class Tree {
    private final int child;
    private final List<Integer> held = new ArrayList<>();

    Tree(int child) {
        this.child = child;
    }

    /** The direct child's process id. */
    public long pid() {
        return child;
    }

    /**
     * Takes hold of a process that the child has started.
     *
     * @return a handle for {@link #signal}, valid as long as the tree
     * @throws ProcessException when the number is not, or no longer, one of the child's own children
     */
    public int hold(int pid) {
        held.add(SystemCalls.pidDescriptor(pid));
        // Looked at once it is held: the number cannot be given anew between the two.
        if (parent(pid) != child) {
            throw new ProcessException(
                    "process " + pid + " is not a child of process " + child,
                    new IllegalStateException("it has ended, or was never one"));
        }
        return held.size() - 1;
    }

    /** As /proc/PID/stat tells, behind the name in parentheses, which may hold anything (proc(5)). */
    private static long parent(int pid) {
        try {
            var stat = Files.readString(Path.of("/proc", Integer.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
            return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", 3)[1]);
        } catch (IOException e) {
            return -1;
        }
    }

    /** Sends a signal to a process that is held; zero only asks. False when it is gone. */
    public boolean signal(int handle, int signal) {
        return SystemCalls.signal(held.get(handle), signal);
    }

    /** Sends a signal to the child's process group; without effect when it is gone. */
    public void signalGroup(int signal) {
        var _ = Libc.kill(-child, signal);
    }

    /** Sends a signal to the process group that a held process leads; only while that process is known to live. */
    public void signalGroupOf(int pid, int signal) {
        var _ = Libc.kill(-pid, signal);
    }

    /** Limits the size of files that a process, and what it starts later, may write. */
    public void limitFileSize(int pid, long bytes) {
        Libc.limit(pid, Libc.RLIMIT_FSIZE, bytes);
    }

    /**
     * No core dumps of a process and what it starts later. One byte, as the kernel would start a collector, as root and
     * outside of all limits, for a program with zero: core(5).
     */
    public void forbidCoreDumps(int pid) {
        Libc.limit(pid, Libc.RLIMIT_CORE, 1);
    }

    /** Sets the nice value of a process, and of what it starts later. */
    public void priority(int pid, int nice) {
        Libc.priority(pid, nice);
    }

    /** Returns when every held process has ended; one that heads a PID namespace ends after all others in it. */
    void awaitHeld() {
        try (var arena = Arena.ofConfined()) {
            var entry = PollEntries.allocate(arena, 1);
            for (int descriptor : held) {
                int count = entry.fill(List.of(new Channel.Event(descriptor)));
                while (Libc.poll(entry.segment(), count, -1) == 0) {
                    // A signal came in between.
                }
            }
        }
    }

    void close() {
        held.forEach(Libc::close);
    }
}
