package dev.ringfence.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.api.job.Job;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Submission;
import dev.ringfence.api.job.Unwatched;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobQuery;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import dev.ringfence.wal.log.LogObserver;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole service below HTTP, opened on a directory. */
class RingfenceTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path data;

    @Test
    void whatAnEarlierLifeLeftComesToExactlyOneEnd() {
        var now = Instant.now();
        var result = JsonNodeFactory.instance.objectNode().put("exit_code", 0);
        journal(
                submitted("done", "echo done"),
                new JobEvent.Started("done", now),
                new JobEvent.Completed("done", now, result),
                submitted("running", "echo must not run again"),
                new JobEvent.Started("running", now),
                submitted("waiting", "echo recovered"));

        try (var service = open(Map.of())) {
            assertThat(end(service, "done").result()).isEqualTo(result);
            assertThat(end(service, "running").state()).isEqualTo(JobView.State.INTERRUPTED);
            var waited = end(service, "waiting");
            assertThat(waited.state()).isEqualTo(JobView.State.COMPLETED);
            assertThat(String.valueOf(waited.result())).contains("\"stdout\":\"recovered\\n\"");
        }
        try (var service = open(Map.of())) {
            assertThat(service.jobs()
                            .list(JobQuery.all(), OptionalLong.empty(), 10)
                            .jobs())
                    .extracting(job -> job.jobId() + " " + job.state())
                    .containsExactly("waiting completed", "running interrupted", "done completed");
        }
        assertThat(events())
                .containsExactlyInAnyOrder(
                        "done submitted",
                        "done started",
                        "done completed",
                        "running submitted",
                        "running started",
                        "running interrupted",
                        "waiting submitted",
                        "waiting validated",
                        "waiting started",
                        "waiting command_executed",
                        "waiting completed");
    }

    @Test
    void aProcessForJobsOfItsOwnLeavesWhatWaitsToTheServiceAndInterruptsWhatRan() {
        var now = Instant.now();
        journal(
                submitted("running", "echo must not run again"),
                new JobEvent.Started("running", now),
                submitted("waiting", "echo recovered"));

        try (var own = open(Ringfence.Purpose.OWN_JOBS, Map.of("ringfence.drain-timeout", "1ms"))) {
            assertThat(end(own, "running").state()).isEqualTo(JobView.State.INTERRUPTED);
            assertThat(run(own, "echo mine")).returns(JobView.State.COMPLETED, JobView::state);
        }

        assertThat(events()).filteredOn(event -> event.startsWith("waiting")).containsExactly("waiting submitted");
        try (var service = open(Map.of())) {
            assertThat(end(service, "waiting").state()).isEqualTo(JobView.State.COMPLETED);
        }
    }

    @Test
    void aSecondCloseDoesNothing() {
        var service = open(Map.of());
        service.close();

        assertThatCode(service::close).doesNotThrowAnyException();
    }

    @Test
    void aStartThatFailsLateLeavesNothingOpen() {
        var before = threads();

        assertRefused(Map.of("ringfence.jobs.concurrency-of.ShelExec", "1"), "there is no capability ShelExec");

        await().untilAsserted(() -> assertThat(before).containsAll(threads()));
    }

    /** Those that the parts of a service have as long as they are open. */
    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> Set.of("orphans", "engine-alarms").contains(thread.getName())
                        || thread.getName().startsWith("telemetry")
                        || thread.getName().startsWith("webhooks"))
                .collect(Collectors.toSet());
    }

    @Test
    void aDirectoryInUseIsRefused() {
        try (var _ = open(Map.of())) {
            assertThatThrownBy(() -> open(Map.of()))
                    .isInstanceOf(StartupFailure.class)
                    .hasMessageContaining("in use")
                    .hasMessageContaining(data.getFileName().toString());
        }
    }

    @Test
    void aRefusedStartLeavesTheDirectoryFree() throws Exception {
        var catalog = Files.writeString(data.resolve("bad.toml"), "[slm]\ncolour = 1\n");
        assertRefused(Map.of("ringfence.catalog", catalog.toString()), "slm.colour");

        open(Map.of()).close();
    }

    /** A start that damage there stopped once said nothing of what goes with the directory. */
    @Test
    void damageBesideTheJournalIsNamedWithWhatMovingItAsideCosts() throws Exception {
        open(Map.of()).close();
        var segment = data.resolve("webhooks/00000000000000000001.wal");
        var bytes = Files.readAllBytes(segment);
        bytes[30] ^= 1;
        Files.write(segment, bytes);

        assertRefused(Map.of(), "Moving it aside forgets which ends of jobs have yet to be told");
    }

    @Test
    void settingsThatCannotBeAreNamed() throws Exception {
        var file = Files.writeString(data.resolve("file"), "in the way");
        assertRefused(Map.of("ringfence.data", file.toString()), "ringfence.data");
        assertRefused(Map.of("ringfence.catalog", "/nowhere/catalog.toml"), "/nowhere/catalog.toml");
        assertRefused(Map.of("ringfence.jobs.concurrency", "0"), "ringfence.jobs.concurrency");
        assertRefused(Map.of("ringfence.jobs.queue", "-1"), "ringfence.jobs.queue");
        assertRefused(Map.of("ringfence.jobs.retained", "0"), "ringfence.jobs.retained");
        assertRefused(Map.of("ringfence.jobs.default-deadline", "0s"), "ringfence.jobs.default-deadline");
        assertRefused(Map.of("ringfence.jobs.default-deadline", "48h"), "ringfence.jobs.default-deadline");
    }

    @ParameterizedTest
    @CsvSource({
        "fence.first-user, 5",
        "fence.first-user, 2147483647",
        "fence.grace, -1s",
        "engines.queue, -1",
        "engines.memory-budget, 0",
        "openai.deadline, -1s",
        "openai.deadline, 25h",
        "http.stall-limit, 0s",
        "http.heartbeat, 0s",
        "http.body-limit, 20000000",
        "drain-timeout, -5s",
        "jobs.event-buffer, -5",
        "jobs.event-buffer, 67108865",
        "jobs.concurrency-of.ShellExec, 0",
        "artifacts.count, -1",
        "files.backups-bytes, -1",
        "sessions.per-agent, 0",
        "webhooks.timeout, 0s",
        "guard.cpu, 101",
        "journal.retention.age, 1s",
        "journal.retention.size, 1M"
    })
    void aValueThatCannotWorkStopsTheStartWithWhatIsPossible(String key, String value) {
        assertThatThrownBy(() -> open(Map.of("ringfence." + key, value)))
                .isInstanceOf(StartupFailure.class)
                .hasMessageMatching("(?s)ringfence\\." + Pattern.quote(key) + " is .+; it must be .+");
    }

    @Test
    void allValuesThatCannotWorkAreNamedAtOnce() {
        assertThatThrownBy(() -> open(Map.of("ringfence.drain-timeout", "-5s", "ringfence.artifacts.count", "-1")))
                .hasMessageContaining("ringfence.drain-timeout is -5s; it must be from 0s to 1d")
                .hasMessageContaining("ringfence.artifacts.count is -1; it must be at least 0");
    }

    @Test
    void anEnvironmentVariableLimitsACapabilityWhateverLettersAreLargeInItsName() {
        var variables = new EnvConfigSource(Map.of("RINGFENCE_JOBS_CONCURRENCY_OF_SHELLEXEC", "1"), 300);

        try (var service =
                open(Ringfence.Purpose.SERVICE, Map.of("ringfence.jobs.concurrency-of.ShellExec", "5"), variables)) {
            var first = submit(service, "sleep 300");
            await().until(() -> first.view().state() == JobView.State.STARTED);
            var second = submit(service, "true");

            assertThat(second.queuePosition()).hasValue(1);
            first.cancel("enough");
            assertThat(second.ended().await().atMost(PATIENCE).state()).isEqualTo(JobView.State.COMPLETED);
        }
        open(Ringfence.Purpose.SERVICE, Map.of(), variables).close();
    }

    @Test
    void aLimitOfACapabilityThatIsNotThereStopsTheStart() {
        assertRefused(Map.of("ringfence.jobs.concurrency-of.ShelExec", "1"), "there is no capability ShelExec");
    }

    @Test
    void whatIsSaidToBeBuiltInIsWhatAServiceWithoutManifestsHas() {
        try (var service = open(Map.of())) {
            assertThat(service.capabilities().all())
                    .extracting(capability -> capability.name())
                    .containsExactlyInAnyOrderElementsOf(BuiltInCapabilities.NAMES);
        }
    }

    /** A date from the command line loaded gigabytes. */
    @Test
    void aProcessForJobsOfItsOwnStartsNoPinnedEngine() throws Exception {
        var catalog = Files.writeString(data.resolve("pinned.toml"), """
                [[slm.model_allow_lists.global_models]]
                id = "tiny"
                provider = { LocalFile = { file_path = "%s" } }
                capabilities = ["TextGeneration"]
                engine = { pin = true }
                """.formatted(
                        Path.of("../src/demo/ringfence-tiny-q8_0.gguf").toAbsolutePath()));

        try (var own = open(Ringfence.Purpose.OWN_JOBS, Map.of("ringfence.catalog", catalog.toString()))) {
            assertThat(own.engines().status().await().atMost(PATIENCE)).isEmpty();
        }
        try (var service = open(Map.of("ringfence.catalog", catalog.toString()))) {
            assertThat(service.engines().status().await().atMost(PATIENCE)).hasSize(1);
        }
    }

    /** Such an agent was refused what the operator had meant to grant, and nothing said why. */
    @Test
    void aGrantOfWhatTheServiceDoesNotHaveIsAWarningAtTheStartAndAtAReload() throws Exception {
        var manifests = Files.createDirectory(data.resolve("manifests"));
        var greet = Files.writeString(manifests.resolve("greet.toml"), """
                [capability]
                name = "Greet"
                description = "Says hello"
                argv = ["/bin/echo", "hello"]
                """);
        var catalog = Files.writeString(data.resolve("granted.toml"), """
                [agents.bob]
                capabilities = ["ShellExc", "Greet", "ChatCompletion"]
                roots = ["workspace", "docs", "nope"]
                """);
        var docs = Files.createDirectory(data.resolveSibling(data.getFileName() + "-docs"));
        try (var service = open(Map.of(
                "ringfence.catalog",
                catalog.toString(),
                "ringfence.capabilities.directory",
                manifests.toString(),
                "ringfence.files.roots.docs.path",
                docs.toString()))) {
            assertThat(service.liveCatalog().state().warnings())
                    .containsExactly(
                            "agents.bob.capabilities = \"ShellExc\": there is no such capability; did you mean ShellExec?",
                            "agents.bob.roots = \"nope\": there is no such file root; known are docs, workspace");

            Files.delete(greet);
            Files.writeString(catalog, "[agents.bob]\ncapabilities = [\"Greet\"]\n");

            assertThat(service.liveCatalog().reload().warnings())
                    .singleElement()
                    .asString()
                    .startsWith("agents.bob.capabilities = \"Greet\": there is no such capability; known are ");
        } finally {
            Files.delete(docs);
        }
    }

    @Test
    void modelsThatTheCatalogSwitchesOffAreRefusedWhenTheyAreAsked() throws Exception {
        var catalog = Files.writeString(data.resolve("off.toml"), """
                [slm]
                enabled = false
                [[slm.model_allow_lists.global_models]]
                id = "tiny"
                provider = { LocalFile = { file_path = "/nowhere/tiny.gguf" } }
                capabilities = ["TextGeneration"]
                resource_requirements = { min_memory_mb = 64 }
                """);
        try (var service = open(Map.of("ringfence.catalog", catalog.toString()))) {
            var arguments =
                    JsonNodeFactory.instance.objectNode().put("model", "tiny").put("prompt", "hello");
            var job = service.jobs()
                    .submit(Submission.of("anonymous", "GenerateText", arguments)
                            .build())
                    .await()
                    .atMost(PATIENCE);

            var end = job.ended().await().atMost(PATIENCE);

            assertThat(String.valueOf(end.error())).contains("models-disabled", "slm.enabled is false");
        }
    }

    @Test
    void aFirstStartWithoutRoomSaysWhatToDo() throws Exception {
        var disk = Files.createDirectory(data.resolve("disk"));
        assumeTrue(
                execute("mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=8", "tmpfs", disk.toString()),
                "a disk that can be full needs the right to mount one");
        try {
            assertThatThrownBy(() -> open(Map.of("ringfence.data", disk.toString())))
                    .isInstanceOf(StartupFailure.class)
                    .hasMessageContaining("make room")
                    .hasMessageNotContaining("no restart");
        } finally {
            execute("umount", "--lazy", disk.toString());
        }
    }

    private static boolean execute(String... command) throws Exception {
        return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    }

    private void assertRefused(Map<String, String> settings, String named) {
        assertThatThrownBy(() -> open(settings))
                .isInstanceOf(StartupFailure.class)
                .hasMessageContaining(named);
    }

    private JobView end(Ringfence service, String id) {
        return service.jobs().find(id).orElseThrow().ended().await().atMost(PATIENCE);
    }

    private List<String> events() {
        var events = new ArrayList<String>();
        Journal.read(
                data.resolve("journal"),
                1,
                entry -> events.add(
                        ((JobEvent) entry.event()).jobId() + " " + entry.event().type()));
        return events;
    }

    private void journal(JobEvent... events) {
        try (var journal = Journal.recover(data.resolve("journal"), JournalOptions.defaults())
                .journal()) {
            for (var event : events) {
                journal.append(event).await().atMost(PATIENCE);
            }
        }
    }

    private static JobEvent.Submitted submitted(String id, String command) {
        return new JobEvent.Submitted(
                id,
                Instant.now(),
                "anonymous",
                "ShellExec",
                JsonNodeFactory.instance.objectNode().put("cmd", command),
                "shell",
                PATIENCE,
                null);
    }

    private static JobView run(Ringfence service, String command) {
        return submit(service, command).ended().await().atMost(PATIENCE);
    }

    private static Job submit(Ringfence service, String command) {
        var arguments = JsonNodeFactory.instance.objectNode().put("cmd", command);
        return service.jobs()
                .submit(Submission.of("anonymous", "ShellExec", arguments).build())
                .await()
                .atMost(PATIENCE);
    }

    private Ringfence open(Map<String, String> settings) {
        return open(Ringfence.Purpose.SERVICE, settings);
    }

    private Ringfence open(Ringfence.Purpose purpose, Map<String, String> settings, ConfigSource... more) {
        var all = new HashMap<String, String>();
        all.put("ringfence.data", data.toString());
        all.put("ringfence.catalog", "src/test/resources/catalog.toml");
        // The host of the tests is busy, and that is no reason here.
        all.put("ringfence.guard.enabled", "false");
        all.putAll(settings);
        var config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RingfenceConfig.class)
                .withSources(new PropertiesConfigSource(all, "test", 100))
                .withSources(more)
                .build()
                .getConfigMapping(RingfenceConfig.class);
        return Ringfence.open(config, purpose, Unwatched.OBSERVER, LogObserver.none());
    }
}
