package dev.ringfence.runner.fence.seccomp;

import java.util.Objects;
import java.util.Set;

/**
 * What a filter shall let through.
 *
 * @param allowedSyscalls only these; empty means all but the built-in list of dangerous ones
 * @param strict also deny what ordinary programs hardly ever need, and looking into other processes; a list that names
 *     such a call is refused
 * @param disableDebugging no looking into other processes
 * @param forbidProcesses threads can be started, processes cannot; whoever installs the filter must not have to fork
 *     after that
 * @param refused calls that are not let through either way
 * @param asked calls that would be let through and are left to whoever listens to the filter instead
 * @param itselfOnly priorities, processors and limits can be chosen and asked for by each thread for itself, and for no
 *     other by its number: a job with neither a user nor process numbers of its own could reach strangers
 */
public record SeccompPolicy(
        Architecture architecture,
        Set<String> allowedSyscalls,
        boolean strict,
        boolean disableDebugging,
        boolean forbidProcesses,
        Sockets sockets,
        Set<String> refused,
        Set<String> asked,
        boolean itselfOnly) {
    /** Among the calls that are asked about: a clone that makes a thread, and no other. */
    public static final String NEW_THREAD = "clone of a thread";

    /** Among the calls that are refused: what gives sockets and pipes more memory than each has at first. */
    public static final String LARGER_BUFFERS = "larger buffers";

    public SeccompPolicy {
        Objects.requireNonNull(architecture);
        allowedSyscalls = Set.copyOf(allowedSyscalls);
        Objects.requireNonNull(sockets);
        refused = Set.copyOf(refused);
        asked = Set.copyOf(asked);
    }

    /** A policy that asks nobody. */
    public SeccompPolicy(
            Architecture architecture,
            Set<String> allowedSyscalls,
            boolean strict,
            boolean disableDebugging,
            boolean forbidProcesses,
            Sockets sockets) {
        this(
                architecture,
                allowedSyscalls,
                strict,
                disableDebugging,
                forbidProcesses,
                sockets,
                Set.of(),
                Set.of(),
                false);
    }

    /** The same, but calls of these names that it would let through are left to the filter's listener. */
    public SeccompPolicy asking(Set<String> names) {
        return new SeccompPolicy(
                architecture,
                allowedSyscalls,
                strict,
                disableDebugging,
                forbidProcesses,
                sockets,
                refused,
                names,
                itselfOnly);
    }

    /** The same without calls of these names. */
    public SeccompPolicy refusing(Set<String> names) {
        return new SeccompPolicy(
                architecture,
                allowedSyscalls,
                strict,
                disableDebugging,
                forbidProcesses,
                sockets,
                names,
                asked,
                itselfOnly);
    }

    /** The same, where no thread may act on another's priority or processors. */
    public SeccompPolicy keepingToItself() {
        return new SeccompPolicy(
                architecture,
                allowedSyscalls,
                strict,
                disableDebugging,
                forbidProcesses,
                sockets,
                refused,
                asked,
                true);
    }

    /** Whether sockets and pipes keep the size that they are made with. */
    boolean keepsBuffers() {
        return refused.contains(LARGER_BUFFERS);
    }

    /** Which sockets can be made. Those of virtual machines, of the kernel's cryptography and raw ones never can. */
    public enum Sockets {
        /** None; only connected pairs of streams, within the job. */
        NONE,
        /** Unix streams that wait for connections, and no connecting. */
        SERVING,
        /** Only to processes of this host. */
        UNIX,
        /**
         * Also TCP over IPv4 and IPv6, whose connections are to be decided by whoever listens to the filter, and whose
         * options do nothing: what a connection becomes is no TCP socket. For a job in a network namespace of its own.
         */
        PROXIED,
        /** TCP as in {@link #PROXIED} and nothing else, neither unix sockets nor waiting for connections. */
        PROXY_ONLY,
        /** TCP and UDP over IPv4 and IPv6, and the question for the host's routes; none to processes of this host. */
        INTERNET_ONLY,
        /** Also TCP and UDP over IPv4 and IPv6, and the question for the host's routes that resolving names takes. */
        INTERNET;

        /** Whether the host's own network can be reached. */
        boolean open() {
            return this == INTERNET || this == INTERNET_ONLY;
        }

        /** Whether they reach processes of this host. */
        boolean local() {
            return this == UNIX || this == PROXIED || this == INTERNET;
        }

        /** Whether there is nothing that could be connected. */
        boolean unconnected() {
            return this == NONE || this == SERVING;
        }

        /** Whether TCP leads to a proxy only. */
        boolean proxied() {
            return this == PROXIED || this == PROXY_ONLY;
        }
    }

    /** The same for a launcher that has to start the job's first process itself, under the filter. */
    public SeccompPolicy withProcesses() {
        return new SeccompPolicy(
                architecture, allowedSyscalls, strict, disableDebugging, false, sockets, refused, asked, itselfOnly);
    }
}
