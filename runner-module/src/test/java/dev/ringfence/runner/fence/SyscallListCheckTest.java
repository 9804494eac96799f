package dev.ringfence.runner.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import org.junit.jupiter.api.Test;

class SyscallListCheckTest {
    private final SyscallListCheck check = new SyscallListCheck();

    @Test
    void aNameThatNoKernelHasAndOneThatIsNeverAllowedAreToldBeforeAnyJob() {
        assertThat(check.wrongWithSyscalls(profile("\"opneat\", \"mount\"")))
                .contains(
                        "unknown system call opneat; did you mean openat?",
                        "mount can never be allowed; remove it from the list")
                .anyMatch(problem -> problem.startsWith("no program can start without execve, openat, read"));
    }

    @Test
    void allThatAnyTierNeedsIsToldAtOnceUnlessTheProfileNamesItsTier() {
        var landlocks = "\"execve\", \"openat\", \"read\", \"newfstatat\", \"mprotect\", \"exit_group\"" + more();

        assertThat(check.wrongWithSyscalls(profile(landlocks)))
                .containsExactly("no program can start without mmap, close, wait4");
        assertThat(check.wrongWithSyscalls(profile(landlocks).inTier(FenceTier.NAMESPACES)))
                .containsExactly("no program can start without mmap, close, wait4");
        assertThat(check.wrongWithSyscalls(profile(landlocks).inTier(FenceTier.LANDLOCK)))
                .isEmpty();
    }

    @Test
    void noListIsEveryTiersAndWhatATierTakesForItselfNeedNotBeListed() {
        assertThat(check.wrongWithSyscalls(profile(""))).isEmpty();
        var smallest = "\"execve\", \"openat\", \"read\", \"newfstatat\", \"mmap\", \"mprotect\", \"exit_group\","
                + " \"close\", \"wait4\"";

        assertThat(check.wrongWithSyscalls(profile(smallest + more()))).isEmpty();
    }

    private static String more() {
        return System.getProperty("os.arch").equals("amd64") ? ", \"arch_prctl\", \"pread64\"" : "";
    }

    private static SandboxProfile profile(String allowed) {
        return Catalog.parse("""
                [slm.sandbox_profiles.p.process_limits]
                allowed_syscalls = [%s]
                """.formatted(allowed), "test.toml").profile("p").orElseThrow();
    }
}
