package dev.ringfence.runner.fence;

import dev.ringfence.catalog.ProfileCheck;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.seccomp.Architecture;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import dev.ringfence.runner.fence.seccomp.UnusableSyscallList;
import dev.ringfence.runner.process.Confinement;
import java.util.HashSet;
import java.util.List;

/**
 * Says before any job is fenced which lists of allowed system calls no tier of this host could enforce. What only one of
 * the tiers could not start with is told when a fence of that tier is built.
 */
public final class SyscallListCheck implements ProfileCheck {
    @Override
    public List<String> wrongWithSyscalls(SandboxProfile profile) {
        var asked = profile.processLimits();
        var architecture = Architecture.ofThisHost();
        if (asked.allowedSyscalls().isEmpty() || architecture.isEmpty()) {
            return List.of();
        }
        var tiersOwn = new HashSet<>(Confinement.neededCalls());
        tiersOwn.addAll(NamespacesPlanner.SETPRIV_SYSCALLS);
        tiersOwn.retainAll(architecture.get().syscallNames());
        var allowed = new HashSet<>(asked.allowedSyscalls());
        allowed.addAll(tiersOwn);
        try {
            var _ = SeccompFilter.of(new SeccompPolicy(
                    architecture.get(),
                    allowed,
                    profile.security().strictSyscallFiltering(),
                    profile.security().disableDebugging(),
                    asked.maxChildProcesses() == 0,
                    SeccompPolicy.Sockets.NONE));
            return List.of();
        } catch (UnusableSyscallList e) {
            return e.problems();
        }
    }
}
