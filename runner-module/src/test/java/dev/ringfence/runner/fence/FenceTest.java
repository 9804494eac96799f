package dev.ringfence.runner.fence;

import static dev.ringfence.runner.fence.FencedShell.LONG;
import static dev.ringfence.runner.fence.FencedShell.open;
import static dev.ringfence.runner.fence.FencedShell.stdout;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Destination;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.ProcessEngine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real programs in real fences, by bubblewrap. */
class FenceTest {
    private final HostFences fence =
            HostFences.on(FenceSettings.of("test" + ProcessHandle.current().pid()));
    private final FencedShell shell = new FencedShell(fence, "test-");

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        fence.close();
    }

    @Test
    void theProgramIsNeitherRootNorTheServiceAndHasNoCapabilities() {
        var result = shell.run(Profiles.shell(), "id -u; id -G; grep -E '^Cap|NoNewPrivs|^Seccomp:' /proc/self/status");

        var lines = stdout(result).lines().toList();
        assertThat(lines.getFirst())
                .isNotIn("0", Integer.toString(ProcessHandle.current().hashCode()));
        assertThat(Integer.parseInt(lines.getFirst())).isGreaterThanOrEqualTo(65534);
        assertThat(lines.get(1)).isEqualTo(lines.getFirst());
        assertThat(lines.subList(2, lines.size()))
                .containsExactly(
                        "CapInh:\t0000000000000000",
                        "CapPrm:\t0000000000000000",
                        "CapEff:\t0000000000000000",
                        "CapBnd:\t0000000000000000",
                        "CapAmb:\t0000000000000000",
                        "NoNewPrivs:\t1",
                        "Seccomp:\t2");
    }

    @Test
    void noDescriptorOfTheFenceReachesTheProgram() {
        assertThat(stdout(shell.run(Profiles.shell(), "ls /proc/self/fd")).lines())
                .containsExactly("0", "1", "2", "3");
    }

    @Test
    void filesOfTheHostCannotBeRead() throws IOException {
        var secret = Files.writeString(directory.resolve("secret"), "password");
        open(directory);

        var result = shell.run(Profiles.shell(), "cat /etc/shadow; cat " + secret + "; ls /root /home /var; ls /");

        assertThat(stdout(result)).doesNotContain("password", "root:");
        assertThat(stdout(result).lines()).doesNotContain("root", "home", "var", "sys", "run", "boot");
    }

    @Test
    void readPathsAreGivenReadOnlyAndDeniedPathsWinBelowThem() throws IOException {
        Files.createDirectories(directory.resolve("data/inner"));
        Files.writeString(directory.resolve("data/open.txt"), "open");
        Files.writeString(directory.resolve("data/inner/key.pem"), "key");
        Files.writeString(directory.resolve("data/inner/other.txt"), "other");
        open(directory);
        var data = directory.resolve("data").toString();
        var profile = Profiles.with(
                new Filesystem(List.of(data), List.of(), List.of(data + "/**.pem"), true, DataSize.ofMegabytes(1)));

        var result =
                shell.run(profile, "cd " + data + "; cat open.txt inner/other.txt inner/key.pem; echo x > open.txt");

        assertThat(stdout(result)).isEqualTo("openother");
        assertThat(Files.readString(directory.resolve("data/open.txt"))).isEqualTo("open");
    }

    @Test
    void nothingCanBeWrittenButTheSizeLimitedTemporaryDirectory() {
        var result = shell.run(Profiles.shell(), """
                for d in / /usr /etc /dev /proc/sys/kernel /run; do touch $d/x 2>/dev/null && echo wrote $d; done
                echo x > /proc/sys/kernel/core_pattern
                head -c 1000000 /dev/zero > /tmp/small && echo small
                for i in 1 2 3 4; do head -c 4000000 /dev/zero > /tmp/$i || echo full; done
                """);

        assertThat(stdout(result).lines()).containsExactly("small", "full");
    }

    @Test
    void aFileLargerThanAllowedIsCutOff() {
        var result = shell.run(Profiles.shell(), "exec head -c 12000000 /dev/zero > /tmp/big");

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(128 + 25));
        // Bubblewrap tells of the signal by a code that the program could have chosen, and its /tmp is gone.
        assertThat(result.limitsHit()).isEmpty();
    }

    @Test
    void aServerOnTheHostsLoopbackCannotBeReached() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var script = "exec 3<>/dev/tcp/127.0.0.1/" + server.getLocalPort() + " && echo connected";
            var command = shell.command(Profiles.shell(), List.of("/bin/bash", "-c", script), LONG);

            var result =
                    fence.start(command, OutputListener.NONE).result().await().atMost(LONG);

            assertThat(result.end()).isNotEqualTo(new ProcessEnd.Exited(0));
            assertThat(stdout(result)).isEmpty();
        }
    }

    @Test
    void anUnixSocketOfTheHostCannotBeReachedByAnAbstractName() {
        var result = shell.run(Profiles.shell(), "cat /proc/net/unix | wc -l; cat /proc/net/dev | grep -c :");

        // A namespace of its own: the header alone, and the loopback device.
        assertThat(stdout(result).lines()).containsExactly("1", "1");
    }

    @Test
    void memoryBeyondTheLimitKillsTheProgramAndIsNamed() {
        var result = shell.run(Profiles.shell(), "head -c 1G /dev/zero | tail -c 500M");

        assertThat(result.limitsHit()).singleElement().satisfies(hit -> {
            assertThat(hit.field()).isEqualTo("resources.max_memory_mb");
            assertThat(hit.limit()).isEqualTo("134217728 bytes");
            assertThat(hit.observed()).matches("peak of \\d{9} bytes, [1-9]\\d* killed by the kernel");
        });
        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(137));
        assertThat(result.usage().peakMemoryBytes()).isLessThanOrEqualTo(128L * 1024 * 1024);
    }

    @Test
    void aForkBombIsContainedAndNamed() {
        var result = shell.run(Profiles.shell(), "f() { f | f & }; f; f; f; wait", Duration.ofSeconds(2));

        assertThat(result.limitsHit()).extracting(LimitHit::field).contains("process_limits.max_child_processes");
    }

    @Test
    void theResultComesWhenNothingOfTheNamespaceIsLeftAlsoWhenTheProgramEndsBeforeItsChildren() {
        for (int i = 0; i < 30; i++) {
            var seconds = HostProcesses.rareDuration();
            var script = "for i in 1 2 3 4 5 6; do setsid sleep " + seconds + " <&- >/dev/null 2>&1 & done; exit 0";
            var process = fence.start(
                    shell.command(Profiles.shell(), List.of("/bin/sh", "-c", script), LONG), OutputListener.NONE);

            assertThat(process.result().await().atMost(LONG).end()).isEqualTo(new ProcessEnd.Exited(0));

            assertThat(HostProcesses.with(seconds)).isEmpty();
            assertThat(state(process.pid())).isIn("Z", "gone");
        }
    }

    @Test
    void noThreadOfTheServiceStaysInAJobsControlGroup() throws IOException {
        var command = shell.command(Profiles.shell(), List.of("/bin/sh", "-c", "sleep 300"), LONG);
        var process = fence.start(command, OutputListener.NONE);
        try (var threads = Files.list(Path.of("/proc/self/task"))) {
            for (var thread : threads.toList()) {
                assertThat(groupsOf(thread)).doesNotContain(command.name());
            }
            assertThat(groupsOf(Path.of("/proc/" + process.pid()))).contains(command.name());
        } finally {
            process.stop();
            process.result().await().atMost(LONG);
        }
    }

    private static String groupsOf(Path process) throws IOException {
        try {
            return Files.readString(process.resolve("cgroup"));
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    @Test
    void stoppingAsksAlsoThoseInSessionsOfTheirOwn() {
        var ready = new CompletableFuture<Void>();
        var script =
                "setsid sh -c \"trap 'echo asked; exit 0' TERM; echo ready; sleep 300 & wait\" & trap : TERM; wait; wait";
        var process = fence.start(
                shell.command(Profiles.shell(), List.of("/bin/sh", "-c", script), LONG),
                (stream, chunk) -> ready.complete(null));
        ready.join();

        process.stop();

        assertThat(stdout(process.result().await().atMost(LONG))).isEqualTo("ready\nasked\n");
    }

    @Test
    void killingTheFenceFromOutsideLeavesNothingOfTheTree() {
        var seconds = HostProcesses.rareDuration();
        var script = "setsid sleep " + seconds + " & echo ready; wait";
        var command = shell.command(Profiles.shell(), List.of("/bin/sh", "-c", script), LONG);
        var ready = new CompletableFuture<Void>();
        var process = fence.start(command, (stream, chunk) -> ready.complete(null));
        ready.join();

        assertThat(HostProcesses.with(seconds)).isNotEmpty();

        int ended = fence.sweep();

        assertThat(ended).isPositive();
        assertThatThrownBy(() -> process.result().await().atMost(LONG)).isInstanceOf(FenceException.Broken.class);
        assertThat(HostProcesses.with(seconds)).isEmpty();
        assertThat(HostProcesses.with(":" + command.name() + " ")).isEmpty();
    }

    @Test
    void whatCannotBeEnforcedIsRefusedByName() {
        refused(Profiles.with(new Network(
                        NetworkAccess.RESTRICTED, List.of(new Destination("*.example.org", 443, "tcp")), 0)))
                .isEqualTo("network.allowed_destinations");
        refused(Profiles.with(new Network(NetworkAccess.FULL, List.of(), 100))).isEqualTo("network.max_bandwidth_mbps");
        refused(Profiles.with(new Filesystem(List.of(), List.of("/srv/none"), List.of(), true, new DataSize(1))))
                .isEqualTo("filesystem.write_paths");
        refused(Profiles.with(new Filesystem(List.of("/"), List.of(), List.of(), true, new DataSize(1))))
                .isEqualTo("filesystem.read_paths");
        refused(Profiles.with(new Filesystem(List.of("/srv/../etc"), List.of(), List.of(), true, new DataSize(1))))
                .isEqualTo("filesystem.read_paths");
        refused(Profiles.with(new Filesystem(List.of("/proc/1"), List.of(), List.of(), true, new DataSize(1))))
                .isEqualTo("filesystem.read_paths");
        refused(Profiles.with(new Resources(
                        DataSize.ofMegabytes(64), 1, DataSize.ofMegabytes(1), new GpuAccess.Exclusive(), 0)))
                .isEqualTo("resources.gpu_access");
    }

    @Test
    void withoutTemporaryFilesNothingCanBeWritten() {
        var profile = Profiles.with(new Filesystem(List.of(), List.of(), List.of(), false, DataSize.ofMegabytes(1)));

        assertThat(stdout(shell.run(profile, "touch /tmp/x 2>/dev/null || echo no")))
                .isEqualTo("no\n");
    }

    @Test
    void theProfilesTimeLimitHoldsWhenTheCommandAsksForMore() {
        var profile = Profiles.with(new ProcessLimits(16, Duration.ofMillis(300), Set.of(), 0));

        var result = shell.run(profile, "sleep 300", LONG);

        assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(Duration.ofMillis(300)));
        assertThat(result.limitsHit())
                .extracting(LimitHit::field)
                .containsExactly("process_limits.max_execution_time_seconds");
    }

    @Test
    void processorTimeAndPriorityAreLimited() {
        var limits = new ProcessLimits(16, LONG, Set.of(), 19);
        var base = Profiles.with(limits);
        var profile = new SandboxProfile(
                "slow",
                new Resources(DataSize.ofMegabytes(64), 0.25, DataSize.ofMegabytes(1), new GpuAccess.None(), 0),
                base.filesystem(),
                limits,
                base.network(),
                base.security());

        var process = fence.start(
                shell.command(profile, List.of("/bin/sh", "-c", "nice; while :; do :; done"), LONG),
                OutputListener.NONE);

        // A busy host gives it no more than its share either: what shows the limit is that it is held.
        await().until(this::throttled);
        process.stop();

        var result = process.result().await().atMost(LONG);
        assertThat(stdout(result).strip()).isEqualTo("19");
        var usage = result.usage();
        // A quarter, with room for the scheduler's slices.
        assertThat(usage.cpuUser().plus(usage.cpuSystem()))
                .isLessThan(usage.wall().dividedBy(4).plusMillis(700));
    }

    /** Ten times by its control group, or stopped by the watchdog where there is none. */
    private boolean throttled() throws IOException {
        for (var group : groups()) {
            var counters = group.resolve("cpu.stat");
            if (Files.exists(counters)
                    && Files.readString(counters).lines().anyMatch(line -> line.matches("nr_throttled \\d{2,}"))) {
                return true;
            }
        }
        return fence.running().stream()
                .flatMap(tree -> tree.processes().stream())
                .anyMatch(entry -> entry.state() == 'T');
    }

    @Test
    void groupsAndUsersAreGivenBack() {
        for (int i = 0; i < 20; i++) {
            shell.run(Profiles.shell(), "true");
        }

        var first = stdout(shell.run(Profiles.shell(), "id -u"));

        assertThat(stdout(shell.run(Profiles.shell(), "id -u"))).isEqualTo(first);
        await().untilAsserted(() -> assertThat(groups()).isEmpty());
    }

    @Test
    void withoutChildProcessesAProgramRunsButCannotStartAnother() {
        var profile = Profiles.with(new ProcessLimits(0, LONG, Set.of(), 0));

        var result = shell.run(profile, "echo one; ls / || echo refused");

        assertThat(stdout(result).lines()).startsWith("one").doesNotContain("usr");
        assertThat(result.end()).isNotEqualTo(new ProcessEnd.Exited(0));
    }

    @Test
    void onlyTheAllowedSystemCallsCanBeMade() {
        var enough = Set.of(
                "execve",
                "brk",
                "mmap",
                "munmap",
                "mprotect",
                "openat",
                "read",
                "write",
                "close",
                "newfstatat",
                "fstat",
                "pread64",
                "access",
                "arch_prctl",
                "set_tid_address",
                "set_robust_list",
                "rseq",
                "prlimit64",
                "getrandom",
                "exit_group",
                "exit",
                "rt_sigaction",
                "rt_sigprocmask",
                "getuid",
                "geteuid",
                "getgid",
                "getegid",
                "getppid",
                "getpid",
                "stat",
                "futex",
                "fcntl",
                "dup2",
                "rt_sigreturn",
                "wait4");
        var profile = Profiles.with(new ProcessLimits(0, LONG, enough, 0));

        var result = shell.run(profile, "echo fine; cd /usr && echo moved");

        assertThat(stdout(result) + new String(result.stderr().bytes(), UTF_8))
                .startsWith("fine\n")
                .doesNotContain("moved");
    }

    private static List<Path> groups() throws IOException {
        try (var found = Files.find(
                Path.of("/sys/fs/cgroup"),
                8,
                (path, attributes) -> attributes.isDirectory()
                        && path.toString()
                                .contains("/ringfence-test"
                                        + ProcessHandle.current().pid() + "/"))) {
            return found.toList();
        }
    }

    private org.assertj.core.api.AbstractStringAssert<?> refused(SandboxProfile profile) {
        var refusal = org.assertj.core.api.Assertions.catchThrowableOfType(
                FenceException.Refused.class, () -> shell.run(profile, "true"));
        assertThat(refusal).isNotNull();
        return assertThat(refusal.field());
    }

    @Test
    void aWorkplaceIsSeenWhereItIsBoundAndOnlyWhatIsWritableIsWritten(@TempDir Path directory) throws IOException {
        // Given
        open(directory);
        var work = Files.createDirectory(directory.resolve("work"));
        var kept = Files.createDirectory(directory.resolve("kept"));
        Files.writeString(kept.resolve("note"), "read me");
        int user = ProcessEngine.effectiveUser() == 0 ? 204_200 : ProcessEngine.effectiveUser();
        if (ProcessEngine.effectiveUser() == 0) {
            Files.setAttribute(work, "unix:uid", user);
        }
        var workplace = new Workplace(
                List.of(
                        new Workplace.Binding(work, Path.of("/work"), true),
                        new Workplace.Binding(kept, Path.of("/roots/kept"), false)),
                Optional.of(Path.of("/work")),
                OptionalInt.of(user));
        var script =
                "pwd; cat /roots/kept/note; echo made > made; chmod 600 made; touch /roots/kept/no || echo refused";
        var command = shell.command(Profiles.shell(), List.of("/bin/sh", "-c", script), LONG);

        // When
        var result = shell.run(new FencedCommand(
                command.name(),
                command.profile(),
                command.argv(),
                command.environment(),
                command.input(),
                command.readOnly(),
                command.threads(),
                command.deadline(),
                command.capture(),
                workplace));

        // Then
        assertThat(stdout(result)).isEqualTo("/work\nread merefused\n");
        assertThat(Files.readString(work.resolve("made"))).isEqualTo("made\n");
        assertThat(Files.getAttribute(work.resolve("made"), "unix:uid")).isEqualTo(user);
        assertThat(result.report().entries())
                .filteredOn(entry -> entry.field().equals("workplace"))
                .hasSize(2);
    }

    /** A zombie runs no more; when it is collected is up to the host's init. */
    private static String state(long pid) {
        try {
            var stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return stat.substring(stat.lastIndexOf(')') + 2).substring(0, 1);
        } catch (IOException e) {
            return "gone";
        }
    }
}
