package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.engine.LlamaForTests;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.process.ProgramInput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Real commands in a real fence. */
class ShellExecTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final AtomicInteger JOBS = new AtomicInteger();
    private static final HostFences FENCE = LlamaForTests.fence();

    private final ShellExec shell = new ShellExec(FenceTools.without(FENCE));
    private final Files files = new Files();
    private final StringBuilder stdout = new StringBuilder();
    private final StringBuilder stderr = new StringBuilder();

    @AfterAll
    static void closeFence() {
        FENCE.close();
    }

    @Test
    void aCommandsOutputIsStreamedAndItsResultSaysHowItRan() {
        // When
        var outcome =
                run(arguments("echo 'grüße €'; echo oops >&2; cat; exit 3").put("stdin", "from input"));

        // Then
        assertThat(outcome).isInstanceOf(Outcome.Completed.class);
        var data = outcome.data();
        assertThat(data.path("success").asBoolean()).isFalse();
        assertThat(data.path("exit_code").asInt()).isEqualTo(3);
        assertThat(data.path("stdout").asText())
                .isEqualTo("grüße €\nfrom input")
                .isEqualTo(stdout.toString());
        assertThat(data.path("stderr").asText()).isEqualTo("oops\n").isEqualTo(stderr.toString());
        assertThat(data.path("stdout_bytes").asLong()).isEqualTo(22);
        assertThat(data.path("stdout_truncated").asBoolean()).isFalse();
        assertThat(data.path("usage").path("wall_ms").asDouble()).isPositive();
        // Without control groups a job this short may be over before its memory was looked at.
        assertThat(data.path("usage").path("memory_source").asText()).isNotEmpty();
        assertThat(data.path("limits_hit")).isEmpty();
        assertThat(data.path("fence").path("tier").asText()).isEqualTo("namespaces");
        assertThat(data.path("fence").path("entries").size()).isGreaterThan(15);
    }

    @Test
    void theCommandSeesOnlyItsOwnEnvironment() {
        // When
        var outcome = run(arguments("env -u PWD -u SHLVL -u _ env | sort"));

        // Then
        assertThat(outcome.data().path("stdout").asText())
                .isEqualTo("HOME=/tmp\nLANG=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\n");
    }

    @Test
    void outputBeyondWhatIsKeptIsCountedButNotStreamedEither() {
        // When
        var outcome = run(arguments("head -c %d /dev/zero | tr '\\0' x".formatted(ShellExec.CAPTURE + 1)));

        // Then
        assertThat(outcome.data().path("stdout_truncated").asBoolean()).isTrue();
        assertThat(outcome.data().path("stdout_bytes").asLong()).isEqualTo(ShellExec.CAPTURE + 1);
        assertThat(outcome.data().path("stdout_kept_bytes").asLong()).isEqualTo(ShellExec.CAPTURE);
        assertThat(outcome.data().path("stdout").asText()).hasSize(KeptOutput.SHOWN);
        assertThat(files.whole("stdout")).hasSize((int) ShellExec.CAPTURE).containsOnly('x');
        assertThat(stdout).hasSize((int) ShellExec.CAPTURE);
        assertThat(outcome.data().path("limits_hit").toString())
                .isEqualTo(
                        "[{\"field\":\"output.stdout\",\"limit\":\"10485760 bytes\",\"observed\":\"10485761 bytes\"}]");
    }

    @Test
    void outputThatTheResultShowsWholeNeedsNoFile() {
        // When
        var outcome = run(arguments("head -c %d /dev/zero | tr '\\0' x".formatted(KeptOutput.SHOWN)));

        // Then
        assertThat(outcome.data().path("stdout").asText()).hasSize(KeptOutput.SHOWN);
        assertThat(outcome.data().path("stdout_truncated").asBoolean()).isFalse();
        assertThat(files.channels()).isEmpty();
    }

    @Test
    void eachStreamThatIsTooMuchForTheResultHasAFileFromItsFirstByteOn() {
        // When
        var outcome = run(arguments("seq 1 20000; seq 20001 40000 >&2"));

        // Then
        assertThat(new String(files.whole("stdout"), StandardCharsets.UTF_8))
                .startsWith(outcome.data().path("stdout").asText())
                .startsWith("1\n2\n")
                .endsWith("\n20000\n");
        assertThat(new String(files.whole("stderr"), StandardCharsets.UTF_8))
                .startsWith("20001\n")
                .endsWith("\n40000\n");
    }

    @Test
    void outputThatCannotBeKeptIsCutToWhatTheResultShowsAndTheReasonIsTold() {
        // Given
        files.room = 100_000;

        // When
        var outcome = run(arguments("head -c 1000000 /dev/zero | tr '\\0' x"));

        // Then
        assertThat(outcome).isInstanceOf(Outcome.Completed.class);
        assertThat(outcome.data().path("stdout").asText()).hasSize(KeptOutput.SHOWN);
        assertThat(outcome.data().path("stdout_bytes").asLong()).isEqualTo(1_000_000);
        assertThat(outcome.data().path("stdout_kept_bytes").asLong()).isEqualTo(KeptOutput.SHOWN);
        assertThat(outcome.data().path("stdout_truncated").asBoolean()).isTrue();
        assertThat(outcome.data().path("stdout_trouble").asText()).isEqualTo("no room");
        assertThat(files.givenUp).containsExactly("stdout");
    }

    @Test
    void outputOfExactlyWhatIsKeptIsWhole() {
        // When
        var outcome = run(arguments("head -c %d /dev/zero | tr '\\0' x".formatted(ShellExec.CAPTURE)));

        // Then
        assertThat(outcome.data().path("stdout_truncated").asBoolean()).isFalse();
        assertThat(outcome.data().path("limits_hit")).isEmpty();
        assertThat(stdout).hasSize((int) ShellExec.CAPTURE);
    }

    @Test
    void theTimeoutOfTheArgumentsHoldsWhenItIsTheShortest() {
        // When
        var outcome = run(arguments("echo begun; sleep 1000").put("timeout", 1));

        // Then
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.TimedOut.class,
                        timedOut -> assertThat(timedOut.limit()).isEqualTo(Duration.ofSeconds(1)));
        assertThat(outcome.data().path("stdout").asText()).isEqualTo("begun\n");
    }

    @Test
    void cancellingEndsTheCommand() throws Exception {
        // Given
        var begun = new CountDownLatch(1);
        var execution = shell.start(
                invocation(arguments("echo begun; sleep 1000"), profile()), (channel, text) -> begun.countDown());
        assertThat(begun.await(2, TimeUnit.MINUTES)).isTrue();

        // When
        execution.cancel();
        execution.cancel();

        // Then
        assertThat(execution.outcome().await().atMost(LONG)).isInstanceOf(Outcome.Cancelled.class);
    }

    @Test
    void cancellingWhileTheFenceIsBeingBuiltEndsTheCommandAsSoonAsItRuns() throws Exception {
        // Given
        var begun = new CountDownLatch(1);
        var building = new CompletableFuture<Void>();
        var slow = new ShellExec(FenceTools.without((command, listener) -> {
            begun.countDown();
            building.join();
            return FENCE.start(command, listener);
        }));
        var execution = slow.start(invocation(arguments("sleep 1000"), profile()), (channel, text) -> {});
        assertThat(begun.await(2, TimeUnit.MINUTES)).isTrue();

        // When
        execution.cancel();
        building.complete(null);

        // Then
        assertThat(execution.outcome().await().atMost(LONG)).isInstanceOf(Outcome.Cancelled.class);
    }

    @Test
    void aProfileThatTheHostCannotEnforceRefusesTheJobAndNamesTheField() {
        // Given
        var resources = new SandboxProfile.Resources(
                DataSize.ofMegabytes(100), 1, DataSize.ofMegabytes(10), new SandboxProfile.GpuAccess.Exclusive(), 0);
        var profile = profile();
        var greedy = new SandboxProfile(
                "greedy",
                resources,
                profile.filesystem(),
                profile.processLimits(),
                profile.network(),
                profile.security());

        // When
        var outcome = shell.start(invocation(arguments("true"), greedy), (channel, text) -> {})
                .outcome()
                .await()
                .atMost(LONG);

        // Then
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.type()).isEqualTo("fence-refused"));
        assertThat(outcome.data().path("field").asText()).isEqualTo("resources.gpu_access");
    }

    @Test
    void theProfilesTimeIsForAllProgramsOfAJobTogetherAndSaysSoWhenItEndsALaterOne() {
        // Given
        var most = Duration.ofSeconds(2);
        var limits = profile().processLimits();
        var profile = new SandboxProfile(
                "hasty",
                profile().resources(),
                profile().filesystem(),
                new SandboxProfile.ProcessLimits(limits.maxChildProcesses(), most, limits.allowedSyscalls(), 0),
                profile().network(),
                profile().security());
        FencedScript script = done -> Optional.of(new FencedScript.Step(
                List.of("/bin/sleep", done.isEmpty() ? "0.01" : "1000"),
                Map.of(),
                ProgramInput.NONE,
                List.of(),
                false));

        // When
        var outcome = FencedExecution.start(
                        FenceTools.without(FENCE), invocation(arguments("unused"), profile), LONG, script, this::hear)
                .outcome()
                .await()
                .atMost(LONG);

        // Then
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.TimedOut.class, late -> assertThat(late.limit()).isEqualTo(most));
        assertThat(outcome.data().path("limits_hit")).hasSize(1);
        assertThat(outcome.data().at("/limits_hit/0/field").asText())
                .isEqualTo("process_limits.max_execution_time_seconds");
        assertThat(outcome.data().path("programs")).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void aFenceThatBreaksIsNotTheCommandsFault() {
        // Given
        var broken = new ShellExec(FenceTools.without((command, listener) -> {
            throw new FenceException.Broken("no more users");
        }));

        // When
        var outcome = broken.start(invocation(arguments("true"), profile()), (channel, text) -> {})
                .outcome()
                .await()
                .atMost(LONG);

        // Then
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
            assertThat(failed.type()).isEqualTo("fence-broken");
            assertThat(failed.message()).isEqualTo("no more users");
        });
    }

    @Test
    void aCommandThatTheKernelCannotTakeIsRefusedBeforeAnythingStarts() {
        // Given
        var tooLong = invocation(arguments("ä".repeat(65_536)), profile());
        var fits = arguments(":".repeat(131_071));

        // Then
        assertThatThrownBy(() -> shell.start(tooLong, (channel, text) -> {}))
                .isInstanceOf(InvalidArguments.class)
                .hasMessageContaining("/cmd has 131072 bytes");
        assertThat(run(fits).data().path("exit_code").asInt()).isEqualTo(127);
    }

    /** A place for output with as much room as a test gives it. */
    private static final class Files implements OutputFiles {
        private final Map<String, ByteArrayOutputStream> finished = new ConcurrentHashMap<>();
        private final List<String> givenUp = new CopyOnWriteArrayList<>();
        private int room = Integer.MAX_VALUE;

        Set<String> channels() {
            return finished.keySet();
        }

        byte[] whole(String channel) {
            var bytes = finished.get(channel);
            return bytes == null ? new byte[0] : bytes.toByteArray();
        }

        @Override
        public OutputFile begin(String channel) {
            var bytes = new ByteArrayOutputStream();
            return new OutputFile() {
                @Override
                public void write(byte[] chunk, int offset, int count) throws IOException {
                    if (bytes.size() + count > room) {
                        throw new IOException("no room");
                    }
                    bytes.write(chunk, offset, count);
                }

                @Override
                public void finish() {
                    finished.put(channel, bytes);
                }

                @Override
                public void giveUp() {
                    givenUp.add(channel);
                }
            };
        }
    }

    private Outcome run(ObjectNode arguments) {
        return shell.start(invocation(arguments, profile()), this::hear)
                .outcome()
                .await()
                .atMost(LONG);
    }

    private void hear(String channel, String text) {
        (channel.equals("stdout") ? stdout : stderr).append(text);
    }

    private static ObjectNode arguments(String command) {
        return ResultJson.object().put("cmd", command);
    }

    private Invocation invocation(ObjectNode arguments, SandboxProfile profile) {
        return new Invocation("job_" + JOBS.incrementAndGet(), "tester", arguments, profile, LONG, files);
    }

    /** As for engines, with room for the programs of a pipeline. */
    private static SandboxProfile profile() {
        var profile = LlamaForTests.profile();
        return new SandboxProfile(
                "shell",
                profile.resources(),
                profile.filesystem(),
                new SandboxProfile.ProcessLimits(
                        8,
                        profile.processLimits().maxExecutionTime(),
                        profile.processLimits().allowedSyscalls(),
                        0),
                profile.network(),
                profile.security());
    }
}
