package dev.ringfence.runner.process;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The processes of one start, as its supervisor may act on them: the child itself, and processes below it that the
 * supervisor learns of. Used on the watching thread only. A signal never reaches a stranger: the child is ours to wait
 * for, so its number stays taken, and all others are held by descriptors.
 */
public final class Tree {
    /** For the kernel to end what was killed; longer only when it hangs in a device. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** The same for one that is to stand still before it is killed. */
    private static final Duration STOPPING = Duration.ofSeconds(1);

    private static final long PAUSE_NANOS = 100_000;

    /** Descriptors that are open at a time for a signal to all. */
    private static final int MOST_HELD = 64;

    private final int child;
    private final Optional<Warden> warden;
    private final List<Integer> held = new ArrayList<>();
    private @Nullable JobMark mark;
    private boolean unopened;

    /** @param warden of a program that was started in its domain */
    Tree(int child, Optional<Warden> warden) {
        this.child = child;
        this.warden = warden;
        Census.keep(child);
    }

    /** The direct child's process id. */
    public long pid() {
        return child;
    }

    /**
     * Takes hold of a process that the child has started and that heads a PID namespace, in which is whatever else it
     * starts: when this one has ended, so has all of that.
     *
     * @return a handle for {@link #signal}, valid as long as the tree; empty when there is no process of this number, or
     *     it is not one of the child's own children: what the child had started has ended
     * @throws ProcessException when it could not be held for a reason of ours
     */
    public OptionalInt hold(int pid) {
        final OptionalInt descriptor;
        try {
            descriptor = SystemCalls.pidDescriptorIfThere(pid);
        } catch (NativeCallException e) {
            throw new ProcessException("process " + pid + " could not be held", e);
        }
        if (descriptor.isEmpty()) {
            return descriptor;
        }
        // Looked at once it is held: the number cannot be given anew between the two.
        if (ProcessEntry.of(pid).map(ProcessEntry::parent).orElse(-1) != child) {
            Libc.close(descriptor.getAsInt());
            return OptionalInt.empty();
        }
        held.add(descriptor.getAsInt());
        return OptionalInt.of(held.size() - 1);
    }

    /** Sends a signal to a process that is held; zero only asks. False when it is gone. */
    public boolean signal(int handle, int signal) {
        return SystemCalls.signal(held.get(handle), signal);
    }

    /** Sends a signal to the child's process group; without effect when it is gone. */
    public void signalGroup(int signal) {
        var _ = Libc.kill(-child, signal);
    }

    /**
     * Marks the child and what it will start as a job's. From now on {@link #end} ends whatever of it is left, wherever it
     * hides, and what its orphans used is counted.
     *
     * @param user whose it is, if that is not the service's
     */
    public void mark(JobMark given, OptionalInt user) {
        mark = given;
        Census.enrol(child, given, user);
    }

    /**
     * Marks a process below the child that does not run yet, in case that the child started it before it was marked
     * itself.
     *
     * @param pid one that is held
     */
    public void markBelow(int pid) {
        if (mark != null) {
            Census.mark(pid, mark, OptionalInt.empty());
        }
    }

    /**
     * Whether all processes of the tree can be signalled at one stroke. Otherwise they are looked for one by one, and some
     * that come and go quickly may not hear a signal.
     */
    public boolean atOneStroke() {
        return warden.isPresent();
    }

    /** Sends a signal to every marked process. */
    public void signalMarked(int signal) {
        if (warden.isPresent()) {
            warden.get().signal(signal);
        } else {
            signalMarked(signal, Set.of());
        }
    }

    /**
     * Sends a signal to every marked process but some, which are looked for one by one.
     *
     * @param spared the numbers of processes that cannot be a stranger's meanwhile
     * @throws ProcessException when some could not be signalled, for want of a descriptor, say
     */
    public void signalMarked(int signal, Set<Integer> spared) {
        if (mark != null) {
            try {
                Census.signal(mark, signal, spared);
            } catch (NativeCallException e) {
                throw new ProcessException("what carries the job's mark could not be signalled", e);
            }
        }
    }

    /**
     * Sends a signal to every process that somebody lists but some; faster than {@link #signalMarked}, which looks at all
     * processes of the host.
     *
     * @param listed the processes that are the tree's, at the moment of each call
     */
    public void signalListed(Supplier<Set<Integer>> listed, int signal, Set<Integer> spared) {
        var left = new ArrayList<>(listed.get());
        left.removeAll(spared);
        for (int begin = 0; begin < left.size(); begin += MOST_HELD) {
            var some = new HashMap<Integer, Integer>();
            try {
                for (int pid : left.subList(begin, Math.min(left.size(), begin + MOST_HELD))) {
                    SystemCalls.pidDescriptorIfThere(pid).ifPresent(descriptor -> some.put(pid, descriptor));
                }
                // Who is listed now and still has its number is the one that is held; one that has lost it hears
                // nothing.
                var still = listed.get();
                some.forEach((pid, descriptor) -> {
                    if (still.contains(pid)) {
                        var _ = SystemCalls.signal(descriptor, signal);
                    }
                });
            } finally {
                some.values().forEach(Libc::close);
            }
        }
    }

    /**
     * Sets the limits of a process that does not run yet.
     *
     * @param user whose it is, if that is not the service's
     */
    public void limit(int pid, OptionalInt user, KernelLimits limits) {
        UserThread.run(user, () -> limits.set(pid));
        limits.prioritize(pid, user);
    }

    /** Kills the child and its process group, by their numbers alone. */
    void killChild() {
        signalGroup(Signals.SIGKILL);
        // A program may have gone to another group.
        var _ = Libc.kill(child, Signals.SIGKILL);
    }

    /**
     * Kills a child whose program has not begun, and what it has started. That may have no mark: it began to be made before
     * the child was marked. So it is held, and {@link #end} waits for it all the same.
     */
    void killUnopened() {
        unopened = true;
        stopChild();
        for (int below : startedByChild()) {
            var _ = hold(below);
        }
        // The child first: it shall not come to an end of its own over the end of what it started.
        var _ = Libc.kill(child, Signals.SIGKILL);
        signalGroup(Signals.SIGKILL);
        for (int handle = 0; handle < held.size(); handle++) {
            var _ = signal(handle, Signals.SIGKILL);
        }
    }

    /** Once it stands still it starts nothing more, and what it has started keeps its number. */
    private void stopChild() {
        var _ = Libc.kill(child, Signals.SIGSTOP);
        long until = System.nanoTime() + STOPPING.toNanos();
        while (System.nanoTime() - until < 0
                && ProcessEntry.of(child).filter(ProcessEntry::goesOn).isPresent()) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private List<Integer> startedByChild() {
        try {
            return ProcessEntry.children(child);
        } catch (IOException e) {
            // The child has ended, or the kernel keeps no such list; its group is killed in any case.
            return List.of();
        }
    }

    /**
     * Waits for the child, which has been killed or has ended, then for all that is held, and ends what else is marked.
     * However that goes, nothing of the tree is known or held any more when this returns.
     *
     * @return how the child ended, and what all of them used
     * @throws ProcessException when some marked process would not end
     */
    Waited end() {
        try {
            var waited = Waited.await(child);
            if (!held.isEmpty()) {
                // The child may report a program's end before all that the program started has ended.
                waited = waited.plus(awaitHeld());
            }
            if (mark != null && (unopened || held.isEmpty())) {
                warden.ifPresent(found -> found.signal(Signals.SIGKILL));
                Census.end(mark, PATIENCE);
            }
            return waited.plus(orphans());
        } finally {
            close();
        }
    }

    /**
     * Returns when every held process has ended; one that heads a PID namespace ends after all others in it.
     *
     * @return what those used that had become children of ours, and that nobody else waits for
     */
    private Waited awaitHeld() {
        var used = Waited.NOTHING;
        try (var arena = Arena.ofConfined()) {
            var entry = PollEntries.allocate(arena, 1);
            for (int descriptor : held) {
                int count = entry.fill(List.of(new Channel.Event(descriptor)));
                while (Libc.poll(entry.segment(), count, -1) == 0) {
                    // A signal came in between.
                }
                used = used.plus(SystemCalls.reapHeld(descriptor).orElse(Waited.NOTHING));
            }
        }
        return used;
    }

    /** What marked orphans used, beside what the child and those it waited for did. */
    private Waited orphans() {
        return mark == null ? Waited.NOTHING : Census.reaped(mark).orElse(Waited.NOTHING);
    }

    /** Forgets the child, which has been waited for, and what else is known of it. A second call does nothing. */
    void close() {
        held.forEach(Libc::close);
        held.clear();
        Census.forget(child);
        var _ = orphans();
    }
}
