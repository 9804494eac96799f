package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;

/**
 * Finds and ends the processes of jobs by their marks. One for the whole service, so that watchers of many jobs share
 * one look at {@code /proc}. Thread-safe.
 */
public final class Census {
    /** How old a look at the process table may be. */
    private static final long FRESH_NANOS = Duration.ofMillis(10).toNanos();

    /** What is known of a number holds as long as it is seen again before it can have been given anew. */
    private static final long MEMORY_NANOS = Duration.ofMillis(250).toNanos();

    private static final long PAUSE_NANOS = Duration.ofMillis(1).toNanos();
    private static final int FIRST_PROCESS = 1;
    private static final ReentrantLock LOCK = new ReentrantLock();

    /** The marks of the processes that were there at the last look; zero for strangers. */
    private static Map<Integer, Long> marks = new HashMap<>();

    private static OptionalLong lookedAt = OptionalLong.empty();

    /** Children that a keeper will wait for itself. */
    private static final Set<Integer> KEPT = new HashSet<>();

    /** Jobs that are being ended: until nothing of them lives, what has ended is not waited for. */
    private static final Set<Long> ENDING = new HashSet<>();

    /** What orphans of the jobs that run used that were waited for here, and how many those were. */
    private static final Map<Long, Reaped> REAPED = new HashMap<>();

    private record Reaped(Waited used, long count) {
        static final Reaped NONE = new Reaped(Waited.NOTHING, 0);

        Reaped plus(Waited other) {
            return new Reaped(used.plus(other), count + 1);
        }
    }

    private Census() {}

    /** A keeper will wait for this child itself. */
    static void keep(int pid) {
        LOCK.lock();
        try {
            KEPT.add(pid);
        } finally {
            LOCK.unlock();
        }
    }

    /** Whether a keeper will wait for this child. */
    static boolean kept(int pid) {
        LOCK.lock();
        try {
            return KEPT.contains(pid);
        } finally {
            LOCK.unlock();
        }
    }

    /**
     * Waits for all ended children of this process that no keeper waits for. Of those that are no job's, only for such as
     * were there the last time, too: by then a child of ours is known to its keeper.
     *
     * @param strangers what the last call returned
     * @return those that are no job's and that were not waited for yet
     */
    static Set<Integer> reapOrphans(Set<Integer> strangers) {
        LOCK.lock();
        try {
            look(System.nanoTime());
            var left = new HashSet<Integer>();
            for (var known : marks.entrySet()) {
                int pid = known.getKey();
                if (known.getValue() != 0) {
                    ProcessEntry.of(pid).ifPresent(entry -> reap(entry, known.getValue()));
                } else if (ourselves() == FIRST_PROCESS
                        && ProcessEntry.of(pid).filter(Census::isOrphan).isPresent()) {
                    if (strangers.contains(pid)) {
                        var _ = Waited.reap(pid);
                    } else {
                        left.add(pid);
                    }
                }
            }
            return left;
        } finally {
            LOCK.unlock();
        }
    }

    /** Marks a child of ours and all that it will start. */
    static void enrol(int pid, JobMark mark, OptionalInt user) {
        LOCK.lock();
        try {
            mark(pid, mark, user);
            REAPED.put(mark.value(), Reaped.NONE);
        } finally {
            LOCK.unlock();
        }
    }

    /** Marks a process that does not run yet, and all that it will start. */
    static void mark(int pid, JobMark mark, OptionalInt user) {
        LOCK.lock();
        try {
            UserThread.run(user, () -> Libc.limit(pid, Libc.RLIMIT_RTTIME, mark.value()));
            // What was seen before it was marked is remembered as a stranger's.
            marks.put(pid, mark.value());
        } finally {
            LOCK.unlock();
        }
    }

    /** A child has been waited for. */
    static void forget(int pid) {
        LOCK.lock();
        try {
            KEPT.remove(pid);
            marks.remove(pid);
        } finally {
            LOCK.unlock();
        }
    }

    /** What orphans of a job used; told once, and from then on not counted any more. */
    static Optional<Waited> reaped(JobMark mark) {
        LOCK.lock();
        try {
            return Optional.ofNullable(REAPED.remove(mark.value())).map(Reaped::used);
        } finally {
            LOCK.unlock();
        }
    }

    /** The processes of a job, as they were a few milliseconds ago at most; zombies that others wait for included. */
    public static List<ProcessEntry> members(JobMark mark) {
        return entries(value -> value == mark.value(), FRESH_NANOS);
    }

    /** The same, but at this moment. */
    public static List<ProcessEntry> membersNow(JobMark mark) {
        return entries(value -> value == mark.value(), 0);
    }

    /** Whether a process belongs to a job, at this moment. */
    public static boolean isMember(int pid, JobMark mark) {
        return ProcessEntry.mark(pid) == mark.value();
    }

    /** Whether a process, be it a zombie, belongs to a job of this service that runs. */
    public static boolean isOfRunningJob(int pid) {
        long mark = ProcessEntry.mark(pid);
        LOCK.lock();
        try {
            return REAPED.containsKey(mark);
        } finally {
            LOCK.unlock();
        }
    }

    /** Processor time of a job's orphans that were waited for here, until {@link #reaped} is asked. */
    public static Duration reapedCpu(JobMark mark) {
        LOCK.lock();
        try {
            var used = REAPED.getOrDefault(mark.value(), Reaped.NONE).used();
            return Duration.ofNanos((used.userMicros() + used.systemMicros()) * 1000);
        } finally {
            LOCK.unlock();
        }
    }

    /** How many of a job's orphans were waited for here so far, until {@link #reaped} is asked. */
    public static long reapedCount(JobMark mark) {
        LOCK.lock();
        try {
            return REAPED.getOrDefault(mark.value(), Reaped.NONE).count();
        } finally {
            LOCK.unlock();
        }
    }

    /** Sends a signal to every process of a job that is there now, but those that are spared. */
    static void signal(JobMark mark, int signal, Set<Integer> spared) {
        for (var member : entries(value -> value == mark.value(), 0)) {
            if (!spared.contains(member.pid())) {
                signal(member.pid(), mark.value(), signal);
            }
        }
    }

    /**
     * Kills every process of a job and returns when none is left. Blocks. Whoever calls this has seen to it that the
     * job cannot start new ones faster than they are killed.
     *
     * @throws ProcessException when some are still there after {@code atMost}
     */
    static void end(JobMark mark, Duration atMost) {
        LOCK.lock();
        try {
            ENDING.add(mark.value());
        } finally {
            LOCK.unlock();
        }
        try {
            var _ = end(value -> value == mark.value(), atMost);
        } finally {
            LOCK.lock();
            try {
                ENDING.remove(mark.value());
            } finally {
                LOCK.unlock();
            }
        }
        // Now they are waited for.
        var _ = members(mark);
    }

    /**
     * Kills every process that an earlier life of a service left, and returns when none is there. Blocks.
     *
     * @return how many were found
     * @throws ProcessException when some are still there after {@code atMost}
     */
    public static int end(String instance, Duration atMost) {
        return end(value -> JobMark.marks(instance, value), atMost);
    }

    /**
     * Processes that each start another one and end come and go faster than they can be looked at, but each leaves an entry
     * that nobody takes away meanwhile, and counts against the job's limit until then. So nothing lives when a look finds
     * none that does and no entry that was not there at the look before; and a job whose processes outrun every look comes
     * to its limit, and stands still.
     */
    private static int end(LongPredicate ours, Duration atMost) {
        long until = System.nanoTime() + atMost.toNanos();
        var seen = new HashSet<Integer>();
        var endedBefore = Set.<Integer>of();
        RuntimeException obstacle = new IllegalStateException("still running");
        while (true) {
            boolean pause = true;
            var left = "what is left";
            try {
                var found = entries(ours, 0);
                var living = found.stream().filter(entry -> !entry.zombie()).toList();
                var ended = found.stream()
                        .filter(ProcessEntry::zombie)
                        .map(ProcessEntry::pid)
                        .collect(Collectors.toSet());
                if (living.isEmpty() && endedBefore.containsAll(ended)) {
                    return seen.size();
                }
                endedBefore = living.isEmpty() ? ended : Set.of();
                left = living.isEmpty()
                        ? "processes that end as soon as they have started another one"
                        : "processes " + living.stream().map(ProcessEntry::pid).toList();
                // What was killed before takes a moment to end.
                pause = !living.isEmpty();
                for (var entry : living) {
                    pause &= !seen.add(entry.pid());
                    kill(entry.pid(), ours);
                }
            } catch (ProcessException | NativeCallException e) {
                // For want of a descriptor, say: others give theirs back while there is time.
                obstacle = e;
            }
            if (System.nanoTime() - until >= 0) {
                throw new ProcessException(
                        left + " did not end within " + atMost.toSeconds() + " s of a kill", obstacle);
            }
            if (pause) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private static void kill(int pid, LongPredicate ours) {
        long mark = ProcessEntry.mark(pid);
        if (ours.test(mark)) {
            signal(pid, mark, Signals.SIGKILL);
        }
    }

    /** Never reaches a stranger: the mark is looked at again once the process is held by a descriptor. */
    private static void signal(int pid, long mark, int signal) {
        SystemCalls.pidDescriptorIfThere(pid).ifPresent(descriptor -> {
            try {
                if (ProcessEntry.mark(pid) == mark) {
                    var _ = SystemCalls.signal(descriptor, signal);
                }
            } finally {
                Libc.close(descriptor);
            }
        });
    }

    /** @throws ProcessException when they cannot be looked at, for want of a descriptor, say */
    private static List<ProcessEntry> entries(LongPredicate ours, long freshNanos) {
        LOCK.lock();
        try {
            long now = System.nanoTime();
            if (olderThan(freshNanos, now)) {
                look(now);
            }
            var entries = new ArrayList<ProcessEntry>();
            for (var known : marks.entrySet()) {
                if (ours.test(known.getValue())) {
                    ProcessEntry.of(known.getKey())
                            .filter(entry -> !reap(entry, known.getValue()))
                            .ifPresent(entries::add);
                }
            }
            return entries;
        } finally {
            LOCK.unlock();
        }
    }

    /** An orphan that became our child and has ended: nobody else waits for it. */
    private static boolean reap(ProcessEntry entry, long mark) {
        if (!isOrphan(entry) || ENDING.contains(mark)) {
            return false;
        }
        Waited.reap(entry.pid()).ifPresent(used -> REAPED.computeIfPresent(mark, (_, before) -> before.plus(used)));
        return true;
    }

    private static boolean isOrphan(ProcessEntry entry) {
        return entry.zombie() && entry.parent() == ourselves() && !KEPT.contains(entry.pid());
    }

    private static void look(long now) {
        var before = olderThan(MEMORY_NANOS, now) ? Map.<Integer, Long>of() : marks;
        var seen = new HashMap<Integer, Long>();
        try (var entries = Files.newDirectoryStream(Path.of("/proc"))) {
            for (var entry : entries) {
                var name = entry.getFileName().toString();
                if (Character.isDigit(name.charAt(0))) {
                    int pid = Integer.parseInt(name);
                    var known = before.get(pid);
                    seen.put(pid, known != null ? known : (Long) ProcessEntry.mark(pid));
                }
            }
        } catch (IOException e) {
            throw new ProcessException("the processes could not be listed", e);
        }
        marks = seen;
        lookedAt = OptionalLong.of(now);
    }

    /** Whether the last look was made longer ago, or never. */
    private static boolean olderThan(long nanos, long now) {
        return lookedAt.isEmpty() || now - lookedAt.getAsLong() > nanos;
    }

    /** Asked each time: a native image is initialised by another process than the one that runs it. */
    private static int ourselves() {
        return (int) ProcessHandle.current().pid();
    }
}
