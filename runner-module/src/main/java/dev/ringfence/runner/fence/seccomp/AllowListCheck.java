package dev.ringfence.runner.fence.seccomp;

import dev.ringfence.catalog.Suggestion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Refuses an allow list that means something else than it says, or that nothing could run under. */
final class AllowListCheck {
    /**
     * What glibc's loader cannot do without when it starts a program that does nothing (found by taking away one call
     * after the other), and what bubblewrap's first process takes to wait for it. Of each line one call is enough:
     * which one is used depends on the library's age.
     */
    private static final List<List<String>> NEEDED = List.of(
            List.of("execve"),
            List.of("openat"),
            List.of("read"),
            List.of("newfstatat", "fstat"),
            List.of("mmap"),
            List.of("mprotect"),
            List.of("close"),
            List.of("exit_group"),
            List.of("wait4"));

    private static final List<List<String>> ALSO_NEEDED_ON_X86_64 = List.of(List.of("arch_prctl"), List.of("pread64"));

    /** Whatever else a policy says. */
    private static final Set<String> NEVER = never();

    private final SeccompPolicy policy;

    AllowListCheck(SeccompPolicy policy) {
        this.policy = policy;
    }

    void run() {
        var problems = new ArrayList<String>();
        for (var name : new TreeSet<>(policy.allowedSyscalls())) {
            problem(name).ifPresent(problems::add);
        }
        if (policy.allowedSyscalls().contains("clone3")
                && !policy.allowedSyscalls().contains("clone")) {
            problems.add("clone3 is answered as if the kernel did not have it, so that programs use clone, whose"
                    + " arguments can be checked; add clone");
        }
        var missing = needed().filter(
                        alternatives -> alternatives.stream().noneMatch(policy.allowedSyscalls()::contains))
                .map(List::getFirst)
                .toList();
        if (!missing.isEmpty()) {
            problems.add("no program can start without " + String.join(", ", missing));
        }
        if (!problems.isEmpty()) {
            throw new UnusableSyscallList(problems);
        }
    }

    private Stream<List<String>> needed() {
        return switch (policy.architecture()) {
            case X86_64 -> Stream.concat(NEEDED.stream(), ALSO_NEEDED_ON_X86_64.stream());
            case AARCH64 -> NEEDED.stream();
        };
    }

    private Optional<String> problem(String name) {
        var known = policy.architecture().syscalls().names();
        if (!known.contains(name)) {
            var meant = Suggestion.nearest(name, known);
            return Optional.of("unknown system call " + name
                    + meant.map(near -> "; did you mean " + near + "?").orElse(""));
        }
        if (NEVER.contains(name)) {
            return Optional.of(name + " can never be allowed; remove it from the list");
        }
        if (DeniedSyscalls.of(policy).contains(name)) {
            return Optional.of(name + " cannot be allowed with security."
                    + (policy.strict() ? "strict_syscall_filtering" : "disable_debugging")
                    + "; remove it from the list, or leave that out");
        }
        if (policy.refused().contains(name)) {
            return Optional.of(name + " cannot be allowed here, where no means limits what it reaches; remove it from"
                    + " the list, or run the job in another tier, or on a host with control groups");
        }
        return Optional.empty();
    }

    private static Set<String> never() {
        var never = new TreeSet<>(DeniedSyscalls.ALWAYS);
        never.addAll(DeniedSyscalls.ABSENT);
        never.addAll(DeniedSyscalls.UNSUPPORTED);
        never.remove("clone3");
        return never;
    }
}
