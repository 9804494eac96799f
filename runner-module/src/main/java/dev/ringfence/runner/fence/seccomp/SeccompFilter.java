package dev.ringfence.runner.fence.seccomp;

import dev.ringfence.runner.fence.seccomp.Assembler.Condition;
import dev.ringfence.runner.fence.seccomp.Assembler.Label;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A seccomp filter, ready for {@code bwrap --seccomp} and for {@code seccomp(2)}. Both need no_new_privs or
 * CAP_SYS_ADMIN in the thread that installs it.
 *
 * <p>Calls of another architecture, also of the 32-bit one of the same processor, end the process. What is not allowed
 * fails with EPERM, an unknown socket family with EAFNOSUPPORT, and what a program can do without, or what is newer
 * than this table, with ENOSYS.
 */
public final class SeccompFilter {
    private static final int NUMBER = 0;
    private static final int ARCHITECTURE = 4;
    private static final long X32_CALLS = 0x4000_0000L;
    private static final long NO_CALL = 0xFFFF_FFFFL;

    private final byte[] program;
    private final String description;

    private SeccompFilter(byte[] program, String description) {
        this.program = program;
        this.description = description;
    }

    /**
     * Writes the filter of a policy. Always the same bytes for the same policy.
     *
     * @throws UnusableSyscallList when the policy's allow list names what does not exist or is never allowed, or leaves
     *     out what no program can start without
     */
    public static SeccompFilter of(SeccompPolicy policy) {
        var rules = new SyscallRules(policy);
        return new SeccompFilter(assemble(policy, rules), describe(policy, rules));
    }

    /**
     * Writes a filter that lets everything through but what it asks its listener about: for a launcher whose program
     * gets another filter of its own, which then decides about the rest.
     *
     * @throws IllegalArgumentException when a name is no system call of this architecture
     */
    public static SeccompFilter asking(Architecture architecture, Set<String> names) {
        var assembler = new Assembler();
        var ask = new Label();
        var pass = new Label();
        var known = new Label();
        assembler.load(ARCHITECTURE);
        assembler.jumpIf(Condition.EQUAL, architecture.auditValue(), known);
        assembler.jump(pass);
        assembler.mark(known);
        assembler.load(NUMBER);
        for (var name : new TreeSet<>(names)) {
            int number = architecture.syscalls().number(name).orElseThrow(() -> new IllegalArgumentException(name));
            assembler.jumpIf(Condition.EQUAL, number, ask);
        }
        assembler.mark(pass);
        assembler.result(Rule.ALLOW.value());
        assembler.mark(ask);
        assembler.result(Rule.ASK.value());
        return new SeccompFilter(assembler.assemble(), "asks about " + String.join(", ", new TreeSet<>(names)));
    }

    /** An array of {@code struct sock_filter}. */
    public byte[] program() {
        return program.clone();
    }

    /** For the report of a fence, such as {@code deny list of 70 calls, sockets AF_UNIX only}. */
    public String description() {
        return description;
    }

    private static byte[] assemble(SeccompPolicy policy, SyscallRules rules) {
        var assembler = new Assembler();
        var known = new Label();
        assembler.load(ARCHITECTURE);
        assembler.jumpIf(Condition.EQUAL, policy.architecture().auditValue(), known);
        assembler.result(Rule.KILL.value());
        assembler.mark(known);
        assembler.load(NUMBER);

        var checks = new ArgumentChecks(policy, assembler);
        search(assembler, segments(policy, rules), checks);
        checks.write();
        return assembler.assemble();
    }

    /** Numbers from here up to the next segment have the same rule. */
    private record Segment(long start, Rule rule) {}

    private static List<Segment> segments(SeccompPolicy policy, SyscallRules rules) {
        var segments = new ArrayList<Segment>();
        for (int number = 0; number <= policy.architecture().syscalls().highest() + 1; number++) {
            var rule = rules.of(number);
            if (segments.isEmpty() || !segments.getLast().rule().equals(rule)) {
                segments.add(new Segment(number, rule));
            }
        }
        if (policy.architecture() == Architecture.X86_64) {
            segments.add(new Segment(X32_CALLS, Rule.KILL));
            segments.add(new Segment(NO_CALL, Rule.ABSENT));
        }
        return segments;
    }

    /** A balanced tree: some eight comparisons for any number. */
    private static void search(Assembler assembler, List<Segment> segments, ArgumentChecks checks) {
        if (segments.size() == 1) {
            switch (segments.getFirst().rule()) {
                case Rule.Answer answer -> assembler.result(answer.value());
                case Rule.Check check -> assembler.jump(checks.label(check));
            }
            return;
        }
        var middle = segments.size() / 2;
        var upper = new Label();
        assembler.jumpIf(Condition.AT_LEAST, segments.get(middle).start(), upper);
        search(assembler, segments.subList(0, middle), checks);
        assembler.mark(upper);
        search(assembler, segments.subList(middle, segments.size()), checks);
    }

    private static String describe(SeccompPolicy policy, SyscallRules rules) {
        var parts = new ArrayList<String>();
        parts.add(rules.description());
        parts.add(
                switch (policy.sockets()) {
                    case NONE -> "no sockets but pairs";
                    case SERVING -> "sockets AF_UNIX only, no connecting";
                    case UNIX -> "sockets AF_UNIX only";
                    case PROXIED -> "sockets AF_UNIX and TCP only";
                    case PROXY_ONLY -> "TCP sockets only, no listening";
                    case INTERNET_ONLY -> "sockets AF_INET, AF_INET6 and NETLINK_ROUTE only";
                    case INTERNET -> "sockets AF_UNIX, AF_INET, AF_INET6 and NETLINK_ROUTE only";
                });
        if (!policy.refused().isEmpty()) {
            parts.add("without " + policy.refused().size() + " calls more");
        }
        if (policy.forbidProcesses()) {
            parts.add("no new processes");
        }
        if (policy.disableDebugging()) {
            parts.add("no debugging");
        }
        return String.join(", ", parts);
    }
}
