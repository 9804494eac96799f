package dev.ringfence.runner.fence;

import static dev.ringfence.runner.fence.FencedShell.LONG;
import static dev.ringfence.runner.fence.FencedShell.open;
import static dev.ringfence.runner.fence.FencedShell.stdout;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real programs in fences of Landlock and seccomp alone, without any control group. */
class LandlockFenceTest {
    private final FenceSettings settings =
            OneTier.of(FenceTier.LANDLOCK, "landlock" + ProcessHandle.current().pid());
    private final HostFences fence = HostFences.on(settings, Optional.empty());
    private final FencedShell shell = new FencedShell(fence, "landlock");

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        fence.close();
        assertThat(settings.scratchDirectory()).doesNotExist();
    }

    @Test
    void filesOfTheHostCanNeitherBeReadNorWritten() throws IOException {
        var secret = Files.writeString(directory.resolve("secret"), "password");
        open(directory);

        var result = shell.run(Profiles.shell(), """
                cat /etc/shadow /etc/passwd %s /proc/%d/environ /proc/%d/cmdline
                ls / /root /home /var /proc %s
                for d in / /usr /etc /tmp /dev /dev/shm /proc/self %s; do touch $d/x 2>/dev/null && echo wrote $d; done
                echo x > %s
                """.formatted(
                secret, ProcessHandle.current().pid(), ProcessHandle.current().pid(), directory, directory, secret));

        assertThat(stdout(result)).isEmpty();
        assertThat(Files.readString(secret)).isEqualTo("password");
    }

    @Test
    void theJobHasADirectoryOfItsOwnThatIsGoneAfterwards() {
        var result = shell.run(Profiles.shell(), """
                echo $TMPDIR; [ $HOME = $TMPDIR ] && [ $(pwd) = $TMPDIR ] && echo home
                echo text > file; mkdir a; mv file a; ln -s /etc/passwd link; mkfifo pipe; chmod 000 a; echo done
                i=0; while [ $i -lt 600 ]; do mkdir deep-directory; cd deep-directory; i=$((i+1)); done 2>/dev/null
                """);

        var lines = stdout(result).lines().toList();
        assertThat(lines).hasSize(3).endsWith("home", "done");
        assertThat(Path.of(lines.getFirst())).doesNotExist();
    }

    @Test
    void rightsAndTimesOfItsOwnFilesCanBeChanged() {
        var result = shell.run(Profiles.shell(), """
                echo text > file; mkdir sub; ln -s file link
                chmod 640 file; chmod 4755 sub; stat -c '%a' file sub
                touch -d '2001-02-03 04:05:06.789 UTC' file; touch -h -d '2002-02-03 04:05:06 UTC' link
                TZ=UTC stat -c '%y' file link
                cp -p file sub/copy && cmp file sub/copy && TZ=UTC stat -c '%a %y' sub/copy
                cd sub && chmod 600 ../link && stat -c '%a' ../file; chmod 700 copy; touch copy && stat -c '%a' copy
                name=$(printf 'caf\\351'); echo > "$name"; chmod 611 "$name" && stat -c '%a' "$name"
                chmod 611 missing 2>/dev/null || echo missing
                chmod 777 "$TMPDIR" 2>/dev/null || echo mine it stays
                """);

        assertThat(stdout(result).lines())
                .containsExactly(
                        "640",
                        "755",
                        "2001-02-03 04:05:06.789000000 +0000",
                        "2002-02-03 04:05:06.000000000 +0000",
                        "640 2001-02-03 04:05:06.789000000 +0000",
                        "600",
                        "700",
                        "611",
                        "missing",
                        "mine it stays");
    }

    /** The C library changes a file's mode without following links by the name of its descriptor. */
    @Test
    void filesCanBeUnpackedWithTheirRightsAndChangedByTheNamesOfTheirDescriptors() {
        var result = shell.run(Profiles.shell(), """
                mkdir -p pack/sub; echo text > pack/file; ln -s file pack/link; chmod 604 pack/file; chmod 710 pack/sub
                touch -d '2001-02-03 04:05:06 UTC' pack/file
                tar cpf pack.tar pack && rm -r pack && tar xpf pack.tar && stat -c '%a' pack/sub && stat -c '%a %Y' pack/file
                exec 5< pack/file; chmod 640 /proc/self/fd/5 && stat -c '%a' pack/file
                chmod 600 /proc/thread-self/fd/5 && stat -c '%a' pack/file; chmod 644 /dev/fd/5 && stat -c '%a' pack/file
                exec 6< /usr/bin/env; chmod 777 /proc/self/fd/6 2>/dev/null || echo not this one
                chmod 777 /proc/self/fd/9 2>/dev/null || echo nothing there
                """);

        assertThat(new String(result.stderr().bytes(), UTF_8)).isEmpty();
        assertThat(stdout(result).lines())
                .containsExactly("710", "604 981173106", "640", "600", "644", "not this one", "nothing there");
    }

    @Test
    void deniedPathsWinBelowReadPaths() throws IOException {
        Files.createDirectories(directory.resolve("data/inner"));
        Files.writeString(directory.resolve("data/open.txt"), "open");
        Files.writeString(directory.resolve("data/inner/key.pem"), "key");
        Files.writeString(directory.resolve("data/inner/other.txt"), "other");
        Files.createSymbolicLink(directory.resolve("data/link"), directory.resolve("data/inner/key.pem"));
        open(directory);
        var data = directory.resolve("data").toString();
        var profile = Profiles.with(
                new Filesystem(List.of(data), List.of(), List.of(data + "/**.pem"), true, DataSize.ofMegabytes(1)));

        var result = shell.run(
                profile, "cd " + data + "; cat open.txt inner/other.txt inner/key.pem link; echo x > open.txt");

        assertThat(stdout(result)).isEqualTo("openother");
        assertThat(directory.resolve("data/open.txt")).hasContent("open");
    }

    @Test
    void noSocketButAPairCanBeMade() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var script = "exec 3<>/dev/tcp/127.0.0.1/" + server.getLocalPort() + " && echo connected";

            var result = shell.run(Profiles.shell(), List.of("/bin/bash", "-c", script), LONG);

            assertThat(result.end()).isNotEqualTo(new ProcessEnd.Exited(0));
            assertThat(stdout(result)).isEmpty();
        }
    }

    @Test
    void theServiceCannotBeSignalled() {
        var result = shell.run(
                Profiles.shell(), "kill -0 " + ProcessHandle.current().pid() + " && echo yes; kill -0 $$ && echo me");

        assertThat(stdout(result)).isEqualTo("me\n");
    }

    @Test
    void theProgramHasNoCapabilitiesAndCannotTakeItsMarkAway() {
        var result = shell.run(
                Profiles.shell(), List.of("/bin/bash", "-c", "ulimit -R 5; ulimit -R"), Duration.ofSeconds(30));

        assertThat(Long.parseLong(stdout(result).strip())).isGreaterThan(1L << 61);
    }

    @Test
    void aJobWithMoreProcessesThanItMayHaveIsEndedAndThatIsNamed() {
        var profile = Profiles.with(new ProcessLimits(3, LONG, Set.of(), 0));
        var seconds = HostProcesses.rareDuration();

        var result = shell.run(profile, ("sleep " + seconds + " & ").repeat(4) + "wait; echo never");

        assertThat(stdout(result)).isEmpty();
        assertThat(result.limitsHit())
                .extracting(LimitHit::field)
                .containsExactly("process_limits.max_child_processes");
        assertThat(HostProcesses.with(seconds)).isEmpty();
    }

    @Test
    void processesWithinTheLimitComeAndGoAsTheyLike() {
        var profile = Profiles.with(new ProcessLimits(3, LONG, Set.of(), 0));

        var result = shell.run(
                profile, "i=0; while [ $i -lt 200 ]; do echo $i | cat | cat >/dev/null; i=$((i+1)); done; echo ok");

        assertThat(new String(result.stderr().bytes(), UTF_8)).isEmpty();
        assertThat(stdout(result)).isEqualTo("ok\n");
        assertThat(result.limitsHit()).isEmpty();
    }

    @Test
    void withoutChildProcessesNoneCanBeStarted() {
        var profile = Profiles.with(new ProcessLimits(0, LONG, Set.of(), 0));

        assertThat(stdout(shell.run(profile, "echo one; /bin/echo two"))).isEqualTo("one\n");
    }

    @Test
    void aForkBombIsContainedAndNothingOfItIsLeft() {
        var seconds = HostProcesses.rareDuration();

        var result = shell.run(Profiles.shell(), "f() { f | f & }; f; f; f; sleep " + seconds, Duration.ofSeconds(2));

        assertThat(result.usage().wall()).isLessThan(LONG);
        assertThat(HostProcesses.with(seconds)).isEmpty();
    }

    @Test
    void aJobThatStartsProcessAfterProcessIsEndedAndThatIsNamed() {
        var seconds = HostProcesses.rareDuration();

        var result = shell.run(Profiles.shell(), "while :; do setsid sleep " + seconds + " & done");

        assertThat(result.limitsHit())
                .extracting(LimitHit::field)
                .containsExactly("process_limits.max_child_processes");
        assertThat(HostProcesses.with(seconds)).isEmpty();
    }

    @Test
    void memoryBeyondTheLimitEndsTheJobAndIsNamed() {
        var profile =
                with(new Resources(DataSize.ofMegabytes(64), 64, DataSize.ofMegabytes(16), new GpuAccess.None(), 0));

        // Slowly enough for a watchdog on a busy host to look before the kernel refuses twice as much.
        var pieces = "for i in $(seq 500); do head -c 1M /dev/zero; sleep 0.01; done";
        var result = shell.run(profile, pieces + " | tail -c 500M");

        assertThat(result.limitsHit()).extracting(LimitHit::field).containsExactly("resources.max_memory_mb");
        assertThat(result.end()).isIn(new ProcessEnd.Signalled(9), new ProcessEnd.Exited(137));
        assertThat(result.usage().peakMemoryBytes()).isBetween(64L << 20, 512L << 20);
    }

    @Test
    void aDirectoryThatGrowsBeyondItsLimitEndsTheJobAndIsNamed() {
        var result = shell.run(Profiles.shell(), "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; done");

        assertThat(result.limitsHit()).extracting(LimitHit::field).containsExactly("resources.max_disk_mb");
    }

    @Test
    void processorTimeIsHeldToItsShare() {
        var profile =
                with(new Resources(DataSize.ofMegabytes(64), 0.25, DataSize.ofMegabytes(1), new GpuAccess.None(), 0));
        var process = fence.start(
                shell.command(profile, List.of("/bin/sh", "-c", "while :; do :; done"), LONG), OutputListener.NONE);

        // A busy host gives it no more than its share either: what shows the limit is that it is stopped.
        await().until(() -> fence.running().stream()
                .flatMap(tree -> tree.processes().stream())
                .anyMatch(entry -> entry.state() == 'T'));
        process.stop();

        var usage = process.result().await().atMost(LONG).usage();
        // A quarter, with room for the pauses between looks.
        assertThat(usage.cpuUser().plus(usage.cpuSystem()))
                .isLessThan(usage.wall().dividedBy(4).plusMillis(700));
    }

    @Test
    void forksThatAreRefusedWhileAJobIsEndedAreNoLimitThatItRanInto() {
        var script = "trap '' TERM; while :; do /bin/true; done";
        try (var grouped = HostFences.on(
                FenceSettings.of("sealed" + ProcessHandle.current().pid()))) {
            var result = grouped.start(
                            shell.command(
                                    Profiles.shell().inTier(FenceTier.LANDLOCK),
                                    List.of("/bin/sh", "-c", script),
                                    Duration.ofMillis(500)),
                            OutputListener.NONE)
                    .result()
                    .await()
                    .atMost(Duration.ofMinutes(2));

            assertThat(result.end()).isInstanceOf(ProcessEnd.TimedOut.class);
            assertThat(result.limitsHit())
                    .extracting(LimitHit::field)
                    .doesNotContain("process_limits.max_child_processes");
        }
    }

    @Test
    void whatAProgramLeavesBehindEndsWithIt() {
        fence.sweep();
        for (int i = 0; i < 20; i++) {
            var seconds = HostProcesses.rareDuration();
            var script =
                    "for i in 1 2 3 4; do setsid sleep %1$s <&- >/dev/null 2>&1 & done; (setsid sleep %1$s &); exit 0"
                            .formatted(seconds);

            var result = shell.run(Profiles.shell(), script);

            assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
            assertThat(HostProcesses.with(seconds)).isEmpty();
        }
        assertThat(zombies()).isEmpty();
    }

    @Test
    void anotherLifeOfTheServiceFindsAndEndsWhatWasLeft() {
        var seconds = HostProcesses.rareDuration();
        var script = "(setsid sleep %1$s &); echo ready; sleep %1$s".formatted(seconds);
        var ready = new CompletableFuture<Void>();
        var process = fence.start(
                shell.command(Profiles.shell(), List.of("/bin/sh", "-c", script), LONG),
                (stream, chunk) -> ready.complete(null));
        ready.join();

        assertThat(HostProcesses.with(seconds)).isNotEmpty();

        try (var life = HostFences.on(settings, Optional.empty())) {
            assertThat(life.sweep()).isEqualTo(3);
        }

        assertThat(process.result().await().atMost(LONG).end()).isEqualTo(new ProcessEnd.Exited(137));
        assertThat(HostProcesses.with(seconds)).isEmpty();
    }

    @Test
    void aListOfAllowedCallsHolds() {
        var listed = Set.of(
                "execve",
                "openat",
                "read",
                "write",
                "newfstatat",
                "fstat",
                "mmap",
                "mprotect",
                "munmap",
                "close",
                "exit_group",
                "wait4",
                "arch_prctl",
                "pread64",
                "brk",
                "access",
                "set_tid_address",
                "set_robust_list",
                "rseq",
                "prlimit64",
                "getrandom",
                "rt_sigaction",
                "rt_sigprocmask",
                "getpid",
                "getppid",
                "getuid",
                "geteuid",
                "getgid",
                "getegid",
                "clone",
                "rt_sigreturn",
                "fcntl",
                "dup2",
                "getcwd",
                "ioctl");
        var profile = Profiles.with(new ProcessLimits(3, LONG, listed, 0));

        var result = shell.run(profile, "echo works; mkdir x && echo made");

        assertThat(stdout(result)).isEqualTo("works\n");
    }

    @Test
    void nothingIsLeftAfterManyFences() {
        shell.run(Profiles.shell(), "true");
        long before = descriptors();

        for (int i = 0; i < 30; i++) {
            shell.run(Profiles.shell(), "true");
        }

        await().untilAsserted(() -> assertThat(descriptors()).isLessThanOrEqualTo(before));
        assertThat(zombies()).isEmpty();
    }

    private static SandboxProfile with(Resources resources) {
        return Profiles.with(resources);
    }

    private static List<Long> zombies() {
        return ProcessHandle.current()
                .children()
                .map(ProcessHandle::pid)
                .filter(pid -> {
                    try {
                        return Files.readString(Path.of("/proc/" + pid + "/stat"))
                                .contains(") Z ");
                    } catch (IOException e) {
                        return false;
                    }
                })
                .toList();
    }

    private static long descriptors() {
        String[] names = Path.of("/proc/self/fd").toFile().list();
        return names == null ? 0 : names.length;
    }
}
