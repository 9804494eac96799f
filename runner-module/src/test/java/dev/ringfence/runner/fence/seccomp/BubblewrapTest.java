package dev.ringfence.runner.fence.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringfence.runner.fence.seccomp.SeccompPolicy.Sockets;
import dev.ringfence.runner.process.Errno;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The real kernel, with filters loaded by the real bubblewrap. Each refusal is compared with the same call without the
 * filter, or under a weaker one, so that none passes for another reason.
 */
class BubblewrapTest {
    private static final Path BUBBLEWRAP = Path.of("/usr/bin/bwrap");

    @TempDir
    Path directory;

    @BeforeAll
    static void bubblewrapIsInstalled() {
        assumeTrue(Files.isExecutable(BUBBLEWRAP), "bubblewrap is not installed: " + BUBBLEWRAP);
    }

    @ParameterizedTest(name = "{0}({1}) fails with {2}")
    @CsvSource({
        "mount, '0, 0, 0, 0, 0', 1",
        "umount2, '0, 0', 1",
        "chroot, 0, 1",
        "unshare, 0, 1",
        "setns, '-1, 0', 1",
        "open_tree, '-1, 0, 0', 1",
        "fsopen, '0, 0', 1",
        "bpf, '0, 0, 0', 1",
        "keyctl, '0, -3, 0', 1",
        "add_key, '0, 0, 0, 0, 0', 1",
        "ptrace, '16, 999999999, 0, 0', 1",
        "process_vm_readv, '1, 0, 0, 0, 0, 0', 1",
        "kcmp, '1, 1, 0, 0, 0', 1",
        "userfaultfd, -1, 1",
        "name_to_handle_at, '-1, 0, 0, 0, 0', 1",
        "open_by_handle_at, '-1, 0, 0', 1",
        "sethostname, '0, 99999', 1",
        "io_uring_setup, '0, 0', 38",
        "clone3, '0, 0', 38",
        "personality, 524288, 1",
        "ioctl, '0, 21522, 0', 1",
        "ioctl, '0, 4294988818, 0', 1",
        "ioctl, '0, 21532, 0', 1",
        "mbind, '0, 0, 99, 0, 0, 0', 1",
        "clone, 268435473, 1",
        "clone, 17, 1",
        "socket, '2, 1, 0', 97",
        "socket, '10, 2, 0', 97",
        "socket, '16, 3, 0', 97",
        "socket, '17, 3, 0', 97",
        "socket, '40, 1, 0', 97",
        "socket, '4294967298, 1, 0', 97",
    })
    void theKernelAnswersAsTheSecureFilterSays(String name, String arguments, int error) throws Exception {
        var unfiltered = errorOf(null, name, arguments);
        var filtered = errorOf(secure(), name, arguments);

        assertThat(filtered).isEqualTo(error);
        assumeTrue(unfiltered != error, "proves nothing: this kernel answers the same without the filter");
    }

    @ParameterizedTest(name = "socket({0}) fails with {1}")
    @CsvSource({
        "'1, 1, 0', 0",
        "'2, 1, 0', 0",
        "'10, 2, 0', 0",
        "'16, 3, 0', 0",
        "'2, 3, 1', 1",
        "'16, 3, 15', 97",
        "'17, 3, 0', 97",
        "'38, 5, 0', 97",
        "'40, 1, 0', 97",
    })
    void withANetworkOnlyItsOrdinarySocketsAreMade(String arguments, int error) throws Exception {
        var policy = new SeccompPolicy(host(), Set.of(), false, true, false, Sockets.INTERNET);

        assertThat(errorOf(policy, "socket", arguments)).isEqualTo(error);
    }

    @Test
    void aProgramThatMayNotMakeProcessesRunsButCannotFork() throws Exception {
        var alone = run(secure(), List.of(), "/bin/sh", "-c", "echo hi");
        var forking = run(secure(), List.of(), "/bin/sh", "-c", "ls -d /; ls -d / | cat");
        var allowed = run(secure().withProcesses(), List.of(), "/bin/sh", "-c", "ls -d /; ls -d / | cat");

        var piped = run(secure(), List.of(), "/bin/sh", "-c", "echo hi | cat");

        assertThat(alone).isEqualTo(new Ended(0, "hi\n"));
        assertThat(piped.output()).contains("fork").doesNotContain("hi\n");
        assertThat(forking.code()).isNotZero();
        assertThat(forking.output()).contains("fork").doesNotContain("/\n");
        assertThat(allowed).isEqualTo(new Ended(0, "/\n/\n"));
    }

    @Test
    void aProgramThatMayNotMakeProcessesStillHasThreads() throws Exception {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();

        var ended = run(secure(), List.of(), java, "-XX:+UseSerialGC", "-Xshare:auto", "-version");

        assertThat(ended.code()).as(ended.output()).isZero();
    }

    @Test
    void noUserNamespaceCanBeMadeInside() throws Exception {
        assertThat(run(secure(), List.of(), "/usr/bin/unshare", "-U", "/bin/true")
                        .output())
                .contains("Operation not permitted");
    }

    @Test
    void thirtyTwoBitCallsFromASixtyFourBitProgramEndIt() throws Exception {
        assumeTrue(host() == Architecture.X86_64, "only x86-64 has this side door");
        var program = directory.resolve("int80");
        Files.write(program, exitThroughTheOldDoor());
        assertThat(program.toFile().setExecutable(true)).isTrue();

        assertThat(run(null, List.of(), program.toString()).code()).isEqualTo(42);
        assertThat(run(secure(), List.of(), program.toString()).code()).isEqualTo(128 + 31);
    }

    @Test
    void callsOfTheX32InterfaceEndTheProgram() throws Exception {
        assumeTrue(host() == Architecture.X86_64, "only x86-64 has this interface");
        var getpid = "syscall(0x40000000 + 39); print 'alive'";

        assertThat(run(null, List.of(), "/usr/bin/perl", "-e", getpid).output()).isEqualTo("alive");
        assertThat(run(secure(), List.of(), "/usr/bin/perl", "-e", getpid)).isEqualTo(new Ended(128 + 31, ""));
    }

    @Test
    void aNewerCallThanTheTableIsAbsent() throws Exception {
        var unknown =
                "$! = 0; syscall(%d); print $! + 0".formatted(host().syscalls().highest() + 1);

        assertThat(run(secure(), List.of(), "/usr/bin/perl", "-e", unknown)).isEqualTo(new Ended(0, "" + Errno.ENOSYS));
    }

    @Test
    void aStepToAnotherUserIsPossibleUnderTheFilter() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can step down to another user");
        var asRoot = List.of("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP");
        var step = new ArrayList<>(List.of("/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534"));
        step.addAll(List.of("--clear-groups", "--bounding-set=-all", "/usr/bin/id", "-u"));

        assertThat(bubblewrap(secure(), List.of("--unshare-pid", "--unshare-net"), asRoot, step))
                .isEqualTo(new Ended(0, "65534\n"));
    }

    @Test
    void theSmallestAllowListStartsAProgramAndALongerOneLetsItSpeak() throws Exception {
        var smallest = AllowListTest.smallest(host());
        var speaking = new HashSet<>(smallest);
        speaking.addAll(Set.of("write", "brk", "munmap", "futex", "getrandom", "prlimit64", "set_tid_address"));

        assertThat(run(listed(smallest), List.of(), "/bin/true").code()).isZero();
        assertThat(run(listed(speaking), List.of(), "/bin/echo", "hi")).isEqualTo(new Ended(0, "hi\n"));
        assertThat(run(listed(speaking), List.of(), "/bin/ls", "/").code()).isNotZero();
    }

    /** The error number of a raw system call inside, zero when it succeeded. */
    private int errorOf(@Nullable SeccompPolicy policy, String name, String arguments) throws Exception {
        // A child that clone makes where it is allowed goes on in the same program, and shall only leave.
        var leave = name.equals("clone") ? "syscall(%d, 0) if $r == 0;".formatted(number("exit_group")) : "";
        var perl = "$! = 0; my $r = syscall(%d, %s); %s print $! + 0".formatted(number(name), arguments, leave);
        var ended = run(policy, List.of("--cap-add", "ALL"), "/usr/bin/perl", "-e", perl);
        assertThat(ended.code()).as(ended.output()).isZero();
        return Integer.parseInt(ended.output());
    }

    private static int number(String name) {
        return host().syscalls().number(name).orElseThrow();
    }

    private Ended run(@Nullable SeccompPolicy policy, List<String> options, String... program) throws Exception {
        return bubblewrap(policy, List.of("--unshare-all"), options, List.of(program));
    }

    private Ended bubblewrap(
            @Nullable SeccompPolicy policy, List<String> namespaces, List<String> options, List<String> program)
            throws IOException, InterruptedException {
        var filter = directory.resolve("filter");
        Files.write(
                filter, policy == null ? new byte[0] : SeccompFilter.of(policy).program());
        var command = new ArrayList<String>();
        command.addAll(
                List.of("/bin/sh", "-c", "exec 9<\"$0\"; exec \"$@\"", filter.toString(), BUBBLEWRAP.toString()));
        command.addAll(namespaces);
        command.addAll(List.of("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--die-with-parent"));
        command.addAll(options);
        if (policy != null) {
            command.addAll(List.of("--seccomp", "9"));
        }
        command.add("--");
        command.addAll(program);
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectInput(Path.of("/dev/null").toFile());
        builder.environment().put("LC_ALL", "C");
        var process = builder.start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        return new Ended(process.exitValue(), output);
    }

    private record Ended(int code, String output) {}

    private static Architecture host() {
        return Architecture.ofThisHost().orElseThrow();
    }

    private static SeccompPolicy secure() {
        return new SeccompPolicy(host(), Set.of(), true, true, true, Sockets.UNIX);
    }

    private static SeccompPolicy listed(Set<String> allowed) {
        return new SeccompPolicy(host(), allowed, true, true, true, Sockets.UNIX);
    }

    /** A 64-bit program of nothing but {@code mov eax, 1; mov ebx, 42; int 0x80}: exit(42) by the 32-bit door. */
    private static byte[] exitThroughTheOldDoor() {
        var code = new byte[] {
            (byte) 0xB8, 1, 0, 0, 0, (byte) 0xBB, 42, 0, 0, 0, (byte) 0xCD, (byte) 0x80,
        };
        var header = 64 + 56;
        var base = 0x40_0000L;
        var file = ByteBuffer.allocate(header + code.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        file.putShort((short) 2)
                .putShort((short) 62)
                .putInt(1)
                .putLong(base + header)
                .putLong(64)
                .putLong(0);
        file.putInt(0)
                .putShort((short) 64)
                .putShort((short) 56)
                .putShort((short) 1)
                .putShort((short) 0);
        file.putShort((short) 0).putShort((short) 0);
        file.putInt(1).putInt(5).putLong(0).putLong(base).putLong(base);
        file.putLong(header + code.length).putLong(header + code.length).putLong(0x1000);
        return file.put(code).array();
    }
}
