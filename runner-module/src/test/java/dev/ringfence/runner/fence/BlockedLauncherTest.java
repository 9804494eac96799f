package dev.ringfence.runner.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.runner.capability.Execution;
import dev.ringfence.runner.capability.FenceTools;
import dev.ringfence.runner.capability.Invocation;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.capability.ShellExec;
import dev.ringfence.runner.process.MarkedProcesses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs whose fence is never built, since a script in bubblewrap's place waits for ever, or fails. */
class BlockedLauncherTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final String INSTANCE = "blocked" + ProcessHandle.current().pid();

    @TempDir
    Path directory;

    private final StringBuilder heard = new StringBuilder();
    private HostFences fence;
    private ShellExec shell;

    @BeforeEach
    void buildAFenceAsLongAsThatWorks() throws IOException {
        var bubblewrap = Stream.of("/usr/bin/bwrap", "/usr/local/bin/bwrap")
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst();
        assertThat(bubblewrap).as("bubblewrap is installed").isPresent();
        var launcher = Files.writeString(directory.resolve("launcher"), """
                #!/bin/sh
                if [ -e %1$s/block ]; then
                    echo 'bwrap: still building' >&2
                    : > %1$s/building
                    exec sleep 300
                fi
                if [ -e %1$s/fail ]; then
                    echo 'bwrap: no room for it' >&2
                    exit 1
                fi
                exec %2$s "$@"
                """.formatted(directory, bubblewrap.get()));
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
        var settings = OneTier.of(FenceTier.NAMESPACES, INSTANCE);
        fence = HostFences.on(new FenceSettings(
                INSTANCE,
                Optional.of(launcher),
                settings.firstUser(),
                settings.tier(),
                settings.scratch(),
                settings.grace()));
        assertThat(fence.tiers()).anyMatch(status -> status.tier() == FenceTier.NAMESPACES && status.available());
        shell = new ShellExec(FenceTools.without(fence));
    }

    @AfterEach
    void nothingIsLeft() {
        if (fence != null) {
            assertThat(fence.running()).isEmpty();
            // Bubblewrap's first process, of the fence that was tried out, is the host's to wait for here.
            await().untilAsserted(() -> assertThat(MarkedProcesses.of(INSTANCE)).isEmpty());
            // What the kernel still uncharges is removed a moment later.
            await().untilAsserted(
                            () -> assertThat(Traces.look(INSTANCE).groups()).isEmpty());
            fence.close();
        }
    }

    @Test
    void aJobWhoseTimeIsUpBeforeItsFenceStandsHasTimedOutAndNamesTheLimit() throws IOException {
        // Given
        Files.createFile(directory.resolve("block"));
        var most = Duration.ofMillis(20);

        // When
        var outcome = start(profile(most)).outcome().await().atMost(LONG);

        // Then
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.TimedOut.class, late -> assertThat(late.limit()).isEqualTo(most));
        var data = outcome.data();
        assertThat(data.at("/limits_hit/0/field").asText()).isEqualTo("process_limits.max_execution_time_seconds");
        assertThat(data.at("/limits_hit/0/limit").asText()).isEqualTo("20 ms");
        assertThat(data.at("/programs/0/ended_by").asText()).isEqualTo("deadline");
        assertThat(data.path("stdout").asText("none")).isEmpty();
        assertThat(data.path("stderr").asText("none")).isEmpty();
        assertThat(data.at("/usage/wall_ms").asDouble()).isGreaterThanOrEqualTo(20);
        assertThat(data.at("/fence/tier").asText()).isEqualTo("namespaces");
        assertThat(heard).isEmpty();
    }

    @Test
    void aJobThatIsCancelledBeforeItsFenceStandsIsCancelled() throws IOException {
        // Given
        Files.createFile(directory.resolve("block"));
        var execution = start(profile(LONG));
        await().until(() -> Files.exists(directory.resolve("building")));

        // When
        execution.cancel();

        // Then
        var outcome = execution.outcome().await().atMost(LONG.dividedBy(2));
        assertThat(outcome).isInstanceOf(Outcome.Cancelled.class);
        assertThat(outcome.data().path("stderr").asText("none")).isEmpty();
        assertThat(outcome.data().at("/fence/tier").asText()).isEqualTo("namespaces");
        assertThat(heard).isEmpty();
    }

    @Test
    void aLauncherThatFailsIsABrokenFenceInItsOwnWords() throws IOException {
        // Given
        Files.createFile(directory.resolve("fail"));

        // When
        var outcome = start(profile(LONG)).outcome().await().atMost(LONG);

        // Then
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
            assertThat(failed.type()).isEqualTo("fence-broken");
            assertThat(failed.message()).contains("with code 1", "bwrap: no room for it");
        });
        assertThat(heard).isEmpty();
    }

    private Execution start(SandboxProfile profile) {
        var arguments = JsonNodeFactory.instance.objectNode().put("cmd", "echo ran");
        return shell.start(
                new Invocation("job", "tests", arguments, profile, LONG), (channel, text) -> heard.append(text));
    }

    private static SandboxProfile profile(Duration most) {
        return Profiles.with(new ProcessLimits(16, most, Set.of(), 0));
    }
}
