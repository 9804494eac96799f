package dev.ringfence.runner.fence.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SyscallTableTest {
    /** The generic header has these for other processors, or they are no calls. */
    private static final Pattern NOT_GENERIC =
            Pattern.compile("\\w*_?time64|sync_file_range2|arch_specific_syscall|syscalls");

    /** The wider of two calls has a name of its own in the generic header. */
    private static final Pattern DEFINITION = Pattern.compile("#define __NR(?:3264)?_(\\w+) (\\d+)");

    @Test
    void wellKnownCallsHaveTheirNumbers() {
        assertThat(SyscallTable.X86_64.number("read")).hasValue(0);
        assertThat(SyscallTable.X86_64.number("clone")).hasValue(56);
        assertThat(SyscallTable.X86_64.number("execve")).hasValue(59);
        assertThat(SyscallTable.X86_64.number("pidfd_send_signal")).hasValue(424);
        assertThat(SyscallTable.X86_64.number("clone3")).hasValue(435);
        assertThat(SyscallTable.X86_64.number("file_setattr")).hasValue(469);
        assertThat(SyscallTable.AARCH64.number("read")).hasValue(63);
        assertThat(SyscallTable.AARCH64.number("clone")).hasValue(220);
        assertThat(SyscallTable.AARCH64.number("execve")).hasValue(221);
        assertThat(SyscallTable.AARCH64.number("newfstatat")).hasValue(79);
        assertThat(SyscallTable.AARCH64.number("clone3")).hasValue(435);
        assertThat(SyscallTable.AARCH64.number("open")).isEmpty();
    }

    @Test
    void theTablesAgreeOnAllNewerCalls() {
        for (var name : SyscallTable.AARCH64.names()) {
            var number = SyscallTable.AARCH64.number(name).orElseThrow();
            if (number >= 424) {
                assertThat(SyscallTable.X86_64.number(name)).as(name).hasValue(number);
            }
        }
    }

    @Test
    void theX86TableAgreesWithTheKernelsHeader() throws IOException {
        compare(Path.of("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), SyscallTable.X86_64);
    }

    @Test
    void theGenericTableAgreesWithTheKernelsHeader() throws IOException {
        compare(Path.of("/usr/include/asm-generic/unistd.h"), SyscallTable.AARCH64);
    }

    private static void compare(Path header, SyscallTable table) throws IOException {
        assumeTrue(Files.exists(header), "the kernel's headers are not installed: " + header);
        var defined = DEFINITION.matcher(Files.readString(header)).results().toList();

        assertThat(defined).hasSizeGreaterThan(250);
        for (var line : defined) {
            var name = line.group(1).equals("fstatat") ? "newfstatat" : line.group(1);
            if (!NOT_GENERIC.matcher(name).matches()) {
                assertThat(table.number(name)).as(name).hasValue(Integer.parseInt(line.group(2)));
            }
        }
    }
}
