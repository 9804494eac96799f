package dev.ringfence.runner.process;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a thread takes upon itself before it starts a program, so that the program and all it starts inherit it, and no
 * helper program is needed: no_new_privs always, no capabilities unless it is a {@code launcher}, and what is
 * said here.
 *
 * <p>The program is held at its execve until {@link Supervisor#spawned} has returned, and one that is no launcher before
 * its first instruction until the starting thread has ended.
 *
 * @param landlock its rules; the start closes them
 * @param user user and group that the program gets; only for a service that is root
 * @param groups that it has beside, and no others; only with a user
 * @param launcher for a program that builds a fence and gives up its rights itself, not for what a job chose: it keeps
 *     capabilities and user, and the starting thread stays until nothing of the tree is left, since the kernel binds
 *     parent-death signals to it
 * @param filter an array of {@code struct sock_filter}. It must let through what a starting thread takes, see
 *     {@link #neededCalls}. Calls that it answers with {@code SECCOMP_RET_USER_NOTIF} wait for {@code calls}; no
 *     other filter with a listener can be put on top
 * @param calls decides about those
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once; nothing compares confinements
public record Confinement(
        Optional<Landlock> landlock,
        OptionalInt user,
        Set<Integer> groups,
        boolean launcher,
        byte[] filter,
        CallDecider calls) {
    private static final Set<String> NEEDED_CALLS = Set.of("""
            clone mmap munmap mprotect madvise futex sched_yield membarrier rt_sigprocmask rt_sigaction rt_sigreturn
            sigaltstack gettid getpid set_robust_list exit close close_range dup2 dup3 fcntl setsid chdir execve
            wait4""".strip().split("\\s+"));

    /** The gate comes before the filter. */
    static final int MOST_FILTER_BYTES = (4096 - Gate.INSTRUCTIONS) * 8;

    /** For a program that is confined from its first instruction on. */
    public Confinement(
            Optional<Landlock> landlock, OptionalInt user, Set<Integer> groups, byte[] filter, CallDecider calls) {
        this(landlock, user, groups, false, filter, calls);
    }

    public Confinement {
        Objects.requireNonNull(landlock);
        Objects.requireNonNull(user);
        Objects.requireNonNull(calls);
        groups = Set.copyOf(groups);
        filter = filter.clone();
        if (filter.length == 0 || filter.length % 8 != 0 || filter.length > MOST_FILTER_BYTES) {
            throw new IllegalArgumentException("not a filter of a length that the kernel takes: " + filter.length);
        }
        if (launcher && user.isPresent()) {
            throw new IllegalArgumentException("a launcher keeps the service's user");
        }
        if (user.isEmpty() && !groups.isEmpty()) {
            throw new IllegalArgumentException("only a program with a user of its own can have groups");
        }
        if (user.isPresent() && user.getAsInt() < 1) {
            throw new IllegalArgumentException("no user for a program: " + user.getAsInt());
        }
    }

    /**
     * What the starting thread needs, in the JVM and in the C library, between its confinement and its end; each is
     * harmless. Some do not exist on some architectures. A clone may be left to {@code calls}: the one of the start
     * itself is let through without asking.
     */
    public static Set<String> neededCalls() {
        return NEEDED_CALLS;
    }
}
