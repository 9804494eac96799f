package dev.ringfence.runner.fence.seccomp;

import dev.ringfence.runner.fence.seccomp.SeccompPolicy.Sockets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The rule for each system call's number under one policy. */
final class SyscallRules {
    private static final Map<String, Rule> CHECKED = Map.ofEntries(
            Map.entry("setrlimit", Rule.Check.SETRLIMIT),
            Map.entry("prlimit64", Rule.Check.PRLIMIT),
            Map.entry("clone", Rule.Check.CLONE),
            Map.entry("socket", Rule.Check.SOCKET),
            Map.entry("socketpair", Rule.Check.SOCKETPAIR),
            Map.entry("ioctl", Rule.Check.IOCTL),
            Map.entry("fcntl", Rule.Check.FCNTL),
            Map.entry("close_range", Rule.Check.CLOSE_RANGE),
            Map.entry("fallocate", Rule.Check.FALLOCATE),
            Map.entry("personality", Rule.Check.PERSONALITY),
            Map.entry("mknod", Rule.Check.MKNOD),
            Map.entry("mknodat", Rule.Check.MKNODAT));

    /** Beside them where TCP leads to a proxy. */
    private static final Map<String, Rule> PROXIED = Map.of(
            "setsockopt", Rule.Check.SETSOCKOPT,
            "sendto", Rule.Check.SENDTO,
            "sendmsg", Rule.Check.SENDMSG,
            "sendmmsg", Rule.Check.SENDMMSG);

    /** Waiting for others to connect: with the host's network around it, a job could be reached from outside. */
    private static final Set<String> SERVING = Set.of("bind", "listen");

    /** Beside them where a thread may act on itself only. */
    private static final Map<String, Rule> ITSELF = Map.of(
            "setpriority", Rule.Check.SETPRIORITY,
            "ioprio_set", Rule.Check.IOPRIO_SET,
            "sched_setaffinity", Rule.Check.THREAD_ITSELF,
            "sched_setscheduler", Rule.Check.THREAD_ITSELF,
            "sched_setparam", Rule.Check.THREAD_ITSELF,
            "sched_setattr", Rule.Check.THREAD_ITSELF,
            "migrate_pages", Rule.Check.THREAD_ITSELF,
            "move_pages", Rule.Check.THREAD_ITSELF);

    private static final Set<String> FORKING = Set.of("fork", "vfork");

    private final Map<Integer, Rule> rules = new HashMap<>();
    private final String description;

    SyscallRules(SeccompPolicy policy) {
        var denied = DeniedSyscalls.of(policy);
        var allowed = policy.allowedSyscalls();
        if (!allowed.isEmpty()) {
            new AllowListCheck(policy).run();
        }
        var syscalls = policy.architecture().syscalls();
        var count = 0;
        for (var name : syscalls.names()) {
            var passes = allowed.isEmpty() ? !denied.contains(name) : allowed.contains(name);
            if (!passes || DeniedSyscalls.ABSENT.contains(name) || DeniedSyscalls.UNSUPPORTED.contains(name)) {
                count++;
            }
            rules.put(syscalls.number(name).orElseThrow(), rule(policy, name, passes));
        }
        description = allowed.isEmpty()
                ? (policy.strict() ? "strict deny list of " : "deny list of ") + count + " calls"
                : "allow list of " + allowed.size() + " calls";
    }

    /** What is in no table is answered as the kernel would that does not have it. */
    Rule of(int number) {
        return rules.getOrDefault(number, Rule.ABSENT);
    }

    String description() {
        return description;
    }

    private static Rule rule(SeccompPolicy policy, String name, boolean passes) {
        if (DeniedSyscalls.ABSENT.contains(name)) {
            return Rule.ABSENT;
        }
        if (DeniedSyscalls.UNSUPPORTED.contains(name)) {
            return Rule.NOT_SUPPORTED;
        }
        if (!passes || policy.refused().contains(name) || (policy.forbidProcesses() && FORKING.contains(name))) {
            return Rule.NOT_PERMITTED;
        }
        if (policy.sockets().proxied() && PROXIED.containsKey(name)) {
            return PROXIED.get(name);
        }
        if (policy.keepsBuffers() && name.equals("setsockopt")) {
            return Rule.Check.SETSOCKOPT;
        }
        if (policy.itselfOnly() && ITSELF.containsKey(name)) {
            return ITSELF.get(name);
        }
        if (policy.sockets().unconnected() && name.equals("connect")) {
            return Rule.NOT_PERMITTED;
        }
        if (policy.sockets() == Sockets.PROXY_ONLY && SERVING.contains(name)) {
            return Rule.NOT_PERMITTED;
        }
        return CHECKED.getOrDefault(name, policy.asked().contains(name) ? Rule.ASK : Rule.ALLOW);
    }
}
