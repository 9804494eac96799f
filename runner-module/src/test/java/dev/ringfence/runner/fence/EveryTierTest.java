package dev.ringfence.runner.fence;

import static dev.ringfence.runner.fence.FencedShell.LONG;
import static dev.ringfence.runner.fence.FencedShell.stdout;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.runner.process.ProcessEnd;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a fence holds by whichever means: real programs, in namespaces with control groups and by Landlock without. */
class EveryTierTest {
    @ParameterizedTest
    @EnumSource
    void aProgramRunsAndItsExitCodeOutputAndUsageAreReported(FenceTier tier) {
        try (var fence = fence(tier)) {
            var result = new FencedShell(fence, "every-").run(Profiles.shell(), "echo hello; echo oops >&2; exit 7");

            assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(7));
            assertThat(stdout(result)).isEqualTo("hello\n");
            assertThat(new String(result.stderr().bytes(), UTF_8)).isEqualTo("oops\n");
            assertThat(result.limitsHit()).isEmpty();
            assertThat(result.report().tier()).isEqualTo(tier.externalName());
        }
    }

    @ParameterizedTest
    @EnumSource
    void theMemoryOfAShortJobIsItsOwnOrNotTold(FenceTier tier) {
        try (var fence = fence(tier)) {
            var usage = new FencedShell(fence, "every-")
                    .run(Profiles.shell(), List.of("/bin/true"), LONG)
                    .usage();

            // The service that started it, here the test's, has a lot more.
            assertThat(usage.peakMemoryBytes()).isLessThan(32 << 20);
            switch (tier) {
                case NAMESPACES -> {
                    assertThat(usage.memorySource()).isEqualTo("control group");
                    assertThat(usage.peakMemoryBytes()).isPositive();
                }
                // A watchdog may not get to look at what is over so soon.
                case LANDLOCK ->
                    assertThat(usage.memorySource())
                            .isEqualTo(
                                    usage.peakMemoryBytes() == 0
                                            ? "over before it was looked at"
                                            : "watchdog (sum of processes)");
            }
        }
    }

    /** The codes stand for SIGXFSZ and SIGSYS, and anybody may choose them. */
    @ParameterizedTest
    @EnumSource
    void anExitCodeAloneIsTakenForNoLimit(FenceTier tier) {
        try (var fence = fence(tier)) {
            for (int code : List.of(128 + 25, 128 + 31)) {
                var result = new FencedShell(fence, "every-").run(Profiles.shell(), "exit " + code);

                assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(code));
                assertThat(result.limitsHit()).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theSmallestListOfSystemCallsThatTheCatalogTakesStartsAProgram(FenceTier tier) {
        var calls = new HashSet<>(
                Set.of("execve", "openat", "read", "newfstatat", "mmap", "mprotect", "close", "exit_group", "wait4"));
        if (System.getProperty("os.arch").equals("amd64")) {
            calls.addAll(Set.of("arch_prctl", "pread64"));
        }
        var profile = Profiles.with(new ProcessLimits(0, Duration.ofMinutes(5), calls, 0));
        try (var fence = fence(tier)) {
            assertThat(new SyscallListCheck().wrongWithSyscalls(profile)).isEmpty();

            var result = new FencedShell(fence, "every-").run(profile, List.of("/bin/true"), LONG);

            assertThat(result.end())
                    .as(new String(result.stderr().bytes(), UTF_8))
                    .isEqualTo(new ProcessEnd.Exited(0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyFieldOfTheProfileIsInTheReport(FenceTier tier) {
        try (var fence = fence(tier)) {
            assertThat(fence.report(Profiles.shell()).entries())
                    .extracting(FenceReport.Entry::field)
                    .containsExactlyInAnyOrder(
                            "resources.max_memory_mb",
                            "resources.max_cpu_cores",
                            "resources.max_disk_mb",
                            "resources.gpu_access",
                            "resources.max_io_bandwidth_mbps",
                            "filesystem.read_paths",
                            "filesystem.write_paths",
                            "filesystem.denied_paths",
                            "filesystem.allow_temp_files",
                            "filesystem.max_file_size_mb",
                            "process_limits.max_child_processes",
                            "process_limits.max_execution_time_seconds",
                            "process_limits.allowed_syscalls",
                            "process_limits.process_priority",
                            "network.access_mode",
                            "network.allowed_destinations",
                            "network.max_bandwidth_mbps",
                            "security.strict_syscall_filtering",
                            "security.disable_debugging",
                            "security.enable_audit_logging",
                            "security.require_encryption",
                            "identity");
        }
    }

    @ParameterizedTest
    @EnumSource
    void noUserIsPromisedToAJobAloneThatItSharesWithItsWorkspace(FenceTier tier) {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can give jobs users");
        try (var fence = fence(tier)) {
            assertThat(fence.report(Profiles.shell()).entries())
                    .filteredOn(entry -> entry.field().equals("identity"))
                    .singleElement()
                    .satisfies(entry -> assertThat(entry.asked())
                            .isEqualTo("its workspace's user, or one of its own where it has none; no capabilities"));
            assertThat(fence.tiers())
                    .filteredOn(status -> status.tier() == tier)
                    .singleElement()
                    .satisfies(status -> assertThat(status.facts())
                            .contains("the service is root: each workspace has a user, and each job without one"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void stoppingAsksFirst(FenceTier tier) {
        try (var fence = fence(tier)) {
            var ready = new CompletableFuture<Void>();
            var script = "trap 'echo asked; exit 0' TERM; echo ready; sleep 300 & wait";
            var process = fence.start(
                    new FencedShell(fence, "every-").command(Profiles.shell(), List.of("/bin/sh", "-c", script), LONG),
                    (stream, chunk) -> ready.complete(null));
            ready.join();

            process.stop();

            var result = process.result().await().atMost(LONG);
            assertThat(result.end()).isEqualTo(new ProcessEnd.Stopped());
            assertThat(stdout(result)).isEqualTo("ready\nasked\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void theDeadlineEndsDoubleForkedChildrenInSessionsOfTheirOwnThatIgnoreThePoliteSignal(FenceTier tier) {
        try (var fence = fence(tier)) {
            var shell = new FencedShell(fence, "every-");
            var seconds = HostProcesses.rareDuration();
            var script =
                    "trap '' TERM; (setsid sh -c \"trap '' TERM; sleep %1$s & sleep %1$s\" &) ; echo up; sleep %1$s"
                            .formatted(seconds);
            var command = shell.command(Profiles.shell(), List.of("/bin/sh", "-c", script), Duration.ofMillis(700));

            var result = shell.run(command);

            assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(Duration.ofMillis(700)));
            assertThat(HostProcesses.with(seconds)).isEmpty();
            assertThat(HostProcesses.with(":" + command.name() + " ")).isEmpty();
        }
    }

    private static HostFences fence(FenceTier tier) {
        var settings = OneTier.of(tier, "every" + ProcessHandle.current().pid());
        return switch (tier) {
            case NAMESPACES -> HostFences.on(settings);
            case LANDLOCK -> HostFences.on(settings, Optional.empty());
        };
    }
}
