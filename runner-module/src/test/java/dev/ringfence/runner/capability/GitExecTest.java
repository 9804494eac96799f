package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.engine.LlamaForTests;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.fence.egress.Resolver;
import dev.ringfence.runner.files.Artifacts;
import dev.ringfence.runner.files.FileRoots;
import dev.ringfence.runner.files.Workspaces;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The real git in a real fence. */
class GitExecTest {
    private static final Duration LONG = Duration.ofMinutes(3);
    private static final GitSettings SETTINGS =
            new GitSettings(Set.of("git.example.com"), Set.of("https", "file"), Set.of(), Optional.empty());

    @TempDir
    private Path directory;

    private HostFences fence;
    private FileRoots roots;
    private FenceTools tools;
    private GitExec git;
    private Optional<FenceTier> tier = Optional.empty();
    private int job;

    @BeforeEach
    void open() throws IOException {
        // Where fences show the host's tree, their users pass it on the way to the workspace.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        fence = LlamaForTests.fence();
        var data = directory.resolve("data");
        roots = new FileRoots(
                Map.of(), new Workspaces(data.resolve("workspaces"), 204_096), (agent, name) -> true, data);
        var artifacts =
                new Artifacts(data.resolve("artifacts"), new Artifacts.Limits(10, 1000, 1000), Duration.ofHours(1));
        tools = new FenceTools(fence, Optional.of(new JobPlaces(fence, roots, artifacts)), new RunningJobs());
        git = new GitExec(tools, SETTINGS);
    }

    @AfterEach
    void close() {
        fence.close();
    }

    /** In each tier: one shows the workspace at a place of its own, the other where the host has it. */
    @ParameterizedTest
    @EnumSource(FenceTier.class)
    void aRepositoryIsMadeChangedClonedAndReverted(FenceTier wanted) {
        // Given
        tier = Optional.of(wanted);
        assertThat(run("init", "repo").path("exit_code").asInt()).isZero();
        shell(
                "echo one > repo/file; mkdir -p repo/.git/hooks; printf '#!/bin/sh\\ntouch $RINGFENCE_WORKSPACE/hooked\\n'"
                        + " > repo/.git/hooks/pre-commit; chmod +x repo/.git/hooks/pre-commit");

        // When
        var committed = done(arguments("commit", "repo").put("message", "first\n\n-m second"));

        // Then
        assertThat(committed.path("stderr").asText()).isEmpty();
        assertThat(committed.path("stdout").asText()).matches("[0-9a-f]{40}\n");
        assertThat(workspace().resolve("hooked")).doesNotExist();
        assertThat(run("status", "repo").path("stdout").asText()).contains("# branch.head main");
        assertThat(run("log", "repo").path("stdout").asText()).contains("first").contains("Ringfence");

        // When
        var cloned = done(arguments("clone", "copy").put("url", "file:///work/repo"));
        var reverted = done(arguments("revert", "copy").put("commit", "HEAD"));

        // Then
        assertThat(cloned.path("exit_code").asInt()).as(cloned.toString()).isZero();
        assertThat(reverted.path("exit_code").asInt()).as(reverted.toString()).isZero();
        assertThat(workspace().resolve("copy/file")).doesNotExist();
        assertThat(workspace().resolve("repo/file")).exists();
    }

    @ParameterizedTest
    @CsvSource({
        "filter.evil.clean, touch /work/hacked",
        "core.fsmonitor, touch /work/hacked",
        "alias.status, !touch /work/hacked",
        "include.path, /work/other",
        "url.https://evil/.insteadOf, https://git.example.com/"
    })
    void aRepositoryWhoseOwnSettingsCouldRunProgramsIsRefusedWithTheirName(String key, String value) {
        // Given
        run("init", "repo");
        shell("git -C repo config '" + key + "' '" + value + "'; echo '* filter=evil' > repo/.gitattributes");

        // When
        var outcome = outcome(arguments("commit", "repo").put("message", "x"));

        // Then
        if (key.equals("core.fsmonitor")) {
            assertThat(workspace().resolve("hacked")).doesNotExist();
        }
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
            assertThat(failed.type()).isEqualTo("repository-refused");
            assertThat(failed.message()).containsIgnoringCase(key);
        });
        assertThat(workspace().resolve("hacked")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({
        "https://git.example.com/x.git, network-refused",
        "https://other.example.com/x.git, url-refused",
        "https://user:secret@git.example.com/x, url-refused",
        "http://git.example.com/x, url-refused",
        "ssh://git.example.com/x, url-refused",
        "ext::sh -c id, url-refused",
        "--upload-pack=id, url-refused",
        "file:///etc, url-refused",
        "file:///work/../etc, url-refused",
        "git@git.example.com:x, url-refused"
    })
    void anAddressThatNoListAllowsIsRefusedBeforeAnythingRuns(String url, String type) {
        var outcome = outcome(arguments("clone", "copy").put("url", url));
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
            assertThat(failed.type()).isEqualTo(type);
            assertThat(failed.message()).doesNotContain("secret");
        });
    }

    @Test
    void aNameServerThatDoesNotAnswerHoldsAJobNoLongerThanItsDeadline() {
        // Given
        var answer = new CountDownLatch(1);
        try (var stuck = new Resolver(name -> {
            try {
                answer.await();
            } catch (InterruptedException e) {
                throw new UnknownHostException(name);
            }
            return new InetAddress[] {InetAddress.getLoopbackAddress()};
        })) {
            var asking = new GitExec(tools, SETTINGS, stuck);
            var online = new SandboxProfile.Network(SandboxProfile.NetworkAccess.FULL, List.of(), 0);
            var clone = arguments("clone", "copy").put("url", "https://git.example.com/x.git");

            // When
            var outcome = asking.start(invocation(clone, online, Duration.ofMillis(300)), (channel, text) -> {})
                    .outcome()
                    .await()
                    .atMost(LONG);

            // Then
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            Outcome.TimedOut.class,
                            late -> assertThat(late.limit()).isEqualTo(Duration.ofMillis(300)));
        } finally {
            answer.countDown();
        }
    }

    private Path workspace() {
        return roots.find(Optional.empty(), "tester", Optional.empty()).path();
    }

    private ObjectNode run(String operation, String path) {
        return done(arguments(operation, path));
    }

    private ObjectNode done(ObjectNode arguments) {
        var outcome = outcome(arguments);
        assertThat(outcome).isInstanceOf(Outcome.Completed.class);
        return outcome.data();
    }

    private Outcome outcome(ObjectNode arguments) {
        return git.start(invocation(arguments), (channel, text) -> {})
                .outcome()
                .await()
                .atMost(LONG);
    }

    private void shell(String command) {
        var outcome = new ShellExec(tools)
                .start(invocation(ResultJson.object().put("cmd", command)), (channel, text) -> {})
                .outcome()
                .await()
                .atMost(LONG);
        assertThat(outcome.data().path("exit_code").asInt())
                .as(outcome.toString())
                .isZero();
    }

    private static ObjectNode arguments(String operation, String path) {
        return ResultJson.object().put("operation", operation).put("path", path);
    }

    private Invocation invocation(ObjectNode arguments) {
        return invocation(arguments, LlamaForTests.profile().network(), LONG);
    }

    private Invocation invocation(ObjectNode arguments, SandboxProfile.Network network, Duration deadline) {
        var profile = LlamaForTests.profile();
        var children = new SandboxProfile.ProcessLimits(
                20,
                profile.processLimits().maxExecutionTime(),
                profile.processLimits().allowedSyscalls(),
                0);
        var roomy = new SandboxProfile(
                "git", profile.resources(), profile.filesystem(), children, network, profile.security());
        return new Invocation(
                "git-" + ++job, "tester", arguments, tier.map(roomy::inTier).orElse(roomy), deadline);
    }
}
