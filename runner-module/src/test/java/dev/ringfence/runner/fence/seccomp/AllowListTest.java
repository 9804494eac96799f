package dev.ringfence.runner.fence.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.runner.fence.seccomp.SeccompPolicy.Sockets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AllowListTest {
    /** Enough to start a program that does nothing, on both architectures. */
    static final Set<String> SMALLEST = Set.of(
            "execve", "openat", "read", "newfstatat", "mmap", "mprotect", "close", "exit_group", "wait4", "pread64");

    @Test
    void namesThatDoNotExistAreAllReportedWithWhatWasMeant() {
        assertThat(problems("opneat", "read_", "frobnicate_everything"))
                .containsExactly(
                        "unknown system call frobnicate_everything",
                        "unknown system call opneat; did you mean openat?",
                        "unknown system call read_; did you mean read?");
    }

    @Test
    void namesOfTheOtherArchitectureDoNotExist() {
        var policy = policy(Architecture.AARCH64, true, Set.of("open"));

        assertThatThrownBy(() -> SeccompFilter.of(policy))
                .isInstanceOf(UnusableSyscallList.class)
                .hasMessageContaining("unknown system call open");
    }

    @Test
    void whatIsNeverAllowedCannotBeListed() {
        assertThat(problems("mount", "io_uring_setup", "setxattr"))
                .containsExactly(
                        "io_uring_setup can never be allowed; remove it from the list",
                        "mount can never be allowed; remove it from the list",
                        "setxattr can never be allowed; remove it from the list");
    }

    @Test
    void whatTheProfileDeniesElsewhereCannotBeListed() {
        assertThat(problems("ptrace", "mbind"))
                .containsExactly(
                        "mbind cannot be allowed with security.strict_syscall_filtering; remove it from the list, or"
                                + " leave that out",
                        "ptrace cannot be allowed with security.strict_syscall_filtering; remove it from the list, or"
                                + " leave that out");
        assertThatThrownBy(() -> SeccompFilter.of(lenient(true, "ptrace", "mbind")))
                .isInstanceOf(UnusableSyscallList.class)
                .hasMessage("ptrace cannot be allowed with security.disable_debugging; remove it from the list, or"
                        + " leave that out");
    }

    @Test
    void whatTheFenceAtHandRefusesCannotBeListed() {
        var policy =
                policy(Architecture.X86_64, true, Set.of("memfd_create")).refusing(Set.of("memfd_create", "shmget"));

        assertThatThrownBy(() -> SeccompFilter.of(policy))
                .isInstanceOf(UnusableSyscallList.class)
                .hasMessageStartingWith("memfd_create cannot be allowed here")
                .hasMessageContaining("run the job in another tier");
    }

    @Test
    void debuggingCanBeListedWhereItIsNotDisabled() {
        assertThat(SeccompFilter.of(lenient(false, "ptrace")).description()).startsWith("allow list");
    }

    @Test
    void aListThatNoProgramCanStartWithNamesWhatIsMissing() {
        var policy = new SeccompPolicy(Architecture.X86_64, Set.of("read", "write"), true, true, true, Sockets.UNIX);

        assertThatThrownBy(() -> SeccompFilter.of(policy))
                .isInstanceOf(UnusableSyscallList.class)
                .hasMessage("no program can start without execve, openat, newfstatat, mmap, mprotect, close,"
                        + " exit_group, wait4, arch_prctl, pread64");
    }

    @Test
    void clone3AloneWouldMeanNoThreadsAtAll() {
        assertThat(problems("clone3")).singleElement().asString().endsWith("add clone");
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void theSmallestListIsEnough(Architecture architecture) {
        assertThat(SeccompFilter.of(policy(architecture, true, Set.of())).program())
                .hasSizeLessThan(200 * Assembler.INSTRUCTION_BYTES);
    }

    private static List<String> problems(String... more) {
        try {
            SeccompFilter.of(policy(Architecture.X86_64, true, Set.of(more)));
            return List.of();
        } catch (UnusableSyscallList e) {
            return e.problems();
        }
    }

    private static SeccompPolicy lenient(boolean disableDebugging, String... more) {
        var allowed = new HashSet<>(smallest(Architecture.X86_64));
        allowed.addAll(Set.of(more));
        return new SeccompPolicy(Architecture.X86_64, allowed, false, disableDebugging, true, Sockets.UNIX);
    }

    private static SeccompPolicy policy(Architecture architecture, boolean disableDebugging, Set<String> more) {
        var allowed = new HashSet<>(smallest(architecture));
        allowed.addAll(more);
        return new SeccompPolicy(architecture, allowed, true, disableDebugging, true, Sockets.UNIX);
    }

    static Set<String> smallest(Architecture architecture) {
        var smallest = new HashSet<>(SMALLEST);
        if (architecture == Architecture.X86_64) {
            smallest.add("arch_prctl");
        }
        return smallest;
    }
}
