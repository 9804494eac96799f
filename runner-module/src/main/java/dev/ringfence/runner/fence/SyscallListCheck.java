package dev.ringfence.runner.fence;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.ProfileCheck;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.seccomp.Architecture;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import dev.ringfence.runner.fence.seccomp.UnusableSyscallList;
import dev.ringfence.runner.process.Confinement;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * Says before any job is fenced which lists of allowed system calls could not be enforced, or would let nothing start: in
 * the tier that the profile names, else in any of them, so that a catalog means the same on every host. What a host
 * without control groups cannot allow is told when a fence is built.
 */
public final class SyscallListCheck implements ProfileCheck {
    @Override
    public List<String> wrongWithSyscalls(SandboxProfile profile) {
        var asked = profile.processLimits();
        var architecture = Architecture.ofThisHost();
        if (asked.allowedSyscalls().isEmpty() || architecture.isEmpty()) {
            return List.of();
        }
        var allowed = new HashSet<>(asked.allowedSyscalls());
        if (profile.tier().equals(Optional.of(FenceTier.LANDLOCK))) {
            // Its launcher brings some of what every program needs; the other tier's brings none of that.
            Confinement.neededCalls().stream()
                    .filter(architecture.get().syscallNames()::contains)
                    .forEach(allowed::add);
        }
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
