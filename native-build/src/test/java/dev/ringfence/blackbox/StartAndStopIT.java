package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartAndStopIT {
    /** What may be free again in a moment is worth another start. */
    private static final int IN_USE = 75;

    @TempDir
    Path directory;

    private Path data;
    private Path catalog;

    @BeforeEach
    void prepare() {
        data = directory.resolve("data");
        catalog = Catalogs.standard(directory);
    }

    @Test
    void healthAndMetricsTellOfARunningService() {
        try (var service = RunningService.start(data, catalog)) {
            assertThat(service.api().status("/q/health/started")).isEqualTo(200);
            assertThat(service.api().status("/q/health/live")).isEqualTo(200);
            service.api().runShell("true");
            assertThat(service.api().get("/q/metrics").body())
                    .contains("ringfence_jobs_submitted_total", "ringfence_journal_sync_seconds_count");
        }
    }

    @Test
    void settingsOfTheCommandLineAreToldAsSuch() {
        try (var service = RunningService.start(data, catalog, Map.of("RINGFENCE_JOBS_CONCURRENCY", "3"))) {
            var sources = new HashMap<String, String>();
            Api.json(service.api().get("/api/v1/config").body())
                    .path("settings")
                    .forEach(setting -> sources.put(
                            setting.path("key").asText(), setting.path("source").asText()));

            assertThat(sources)
                    .containsEntry("quarkus.http.port", "command line")
                    .containsEntry("ringfence.catalog", "command line")
                    .containsEntry("ringfence.jobs.concurrency", "environment")
                    .containsEntry("ringfence.jobs.queue", "default");
        }
    }

    @Test
    void capabilitiesAndModelsAreListed() {
        try (var service = RunningService.start(data, catalog)) {
            assertThat(service.api().get("/api/v1/capabilities").body()).contains("ShellExec", "GenerateText");
            assertThat(service.api().get("/api/v1/models").body()).contains("tiny", "TextGeneration");
            // Each start warned of a gauge of the connections.
            assertThat(service.log()).doesNotContain("already registered");
        }
    }

    @Test
    void aSignalLetsARunningJobEnd() {
        var service = RunningService.start(data, catalog);
        var id = service.api().submitShell("sleep 2; echo drained", request -> {});
        service.api().awaitState(id, "started");

        service.terminate();

        assertThat(service.awaitEnd()).as(service.log()).isIn(0, 143);
        try (var again = RunningService.start(data, catalog)) {
            assertThat(again.api().job(id).path("state").asText()).isEqualTo("completed");
        }
    }

    @Test
    void aHangUpSignalReloadsTheCatalog() throws Exception {
        try (var service = RunningService.startWithHangUp("default", data, catalog)) {
            Files.writeString(catalog, Files.readString(catalog).replace("\"tiny\"", "\"renamed\""));

            service.hangUp();

            await().until(() -> service.api().get("/api/v1/models").body().contains("renamed"));
        }
    }

    @Test
    void aServiceThatIsToIgnoreHangUpSignalsSaysSo() {
        try (var service = RunningService.startWithHangUp("ignore", data, catalog)) {
            assertThat(service.log()).contains("SIGHUP is ignored", "POST /api/v1/catalog/reload");
        }
    }

    @Test
    void whileDrainingTheServiceIsNotReadyAndTakesNoJobs() {
        var service = RunningService.start(data, catalog);
        // It ends when the test says so.
        var id = service.api().submitShell("sleep 300", request -> {});
        service.api().awaitState(id, "started");

        service.terminate();

        await().until(() -> service.api().status("/q/health/ready") == 503);
        assertThat(service.api()
                        .post("/api/v1/jobs", Api.shell("true", request -> {}))
                        .statusCode())
                .isEqualTo(503);
        var status = Cli.run("status", "--url", "http://127.0.0.1:" + service.port());
        assertThat(status.exitCode()).as(status.toString()).isEqualTo(75);
        assertThat(status.stdout()).contains("the service is not ready", "DOWN", "drain");
        service.api().delete("/api/v1/jobs/" + id);
        service.awaitEnd();
    }

    @Test
    void aCatalogWithAnErrorStopsTheStartAndItsKeyIsNamed() {
        var broken = Catalogs.write(directory, "[slm]\ndefault_sandbox_profile = \"nobody\"\n");

        assertRefused(
                RunningService.launch(data, broken, RunningService.freePort(), Map.of()), "default_sandbox_profile");
    }

    @Test
    void aMissingCatalogStopsTheStart() {
        var missing = directory.resolve("missing.toml");

        assertRefused(RunningService.launch(data, missing, RunningService.freePort(), Map.of()), "missing.toml");
    }

    @Test
    void settingsThatCannotBeReadStopTheStartAndAreExplained() {
        var environment = Map.of(
                "RINGFENCE_DRAIN_TIMEOUT", "a while",
                "RINGFENCE_JOBS_CONCURRENCY", "abc",
                "RINGFENCE_ENGINES_MEMORY_BUDGET", "12Q");

        assertRefused(
                RunningService.launch(data, catalog, RunningService.freePort(), environment),
                "ringfence: ringfence.drain-timeout is \"a while\"; it must be a time, such as 500ms or 10s\n",
                "ringfence: ringfence.jobs.concurrency is \"abc\"; it must be a whole number\n",
                "ringfence: ringfence.engines.memory-budget is \"12Q\"; it must be a size in bytes, such as 512M or 2G\n");
    }

    /** Every other word was taken for false, so that a misspelt one switched the guard off. */
    @Test
    void aSwitchThatIsNeitherOnNorOffStopsTheStart() {
        assertRefused(
                RunningService.launch(
                        data, catalog, RunningService.freePort(), Map.of("RINGFENCE_GUARD_ENABLED", "ture")),
                "ringfence.guard.enabled is \"ture\"; it must be true or false");
    }

    @Test
    void aPortThatCannotBeStopsTheStart() {
        assertRefused(RunningService.launch(data, catalog, 99_999, Map.of()), "quarkus.http.port (--port) is 99999");
    }

    @Test
    void anEnvironmentVariableThatIsNoSettingIsTold() {
        try (var service = RunningService.start(data, catalog, Map.of("RINGFENCE_JOB_CONCURRENCY", "2"))) {
            assertThat(service.log()).contains("RINGFENCE_JOB_CONCURRENCY", "did you mean RINGFENCE_JOBS_CONCURRENCY?");
        }
    }

    @Test
    void aPortInUseStopsTheStart() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var port = taken.getLocalPort();

            assertEnds(RunningService.launch(data, catalog, port, Map.of()), IN_USE, Integer.toString(port));
        }
    }

    @Test
    void aDataDirectoryInUseStopsTheStart() {
        try (var first = RunningService.start(data, catalog)) {
            try (var second = RunningService.launch(data, catalog, RunningService.freePort(), Map.of())) {
                assertThat(second.awaitEnd()).isEqualTo(IN_USE);
                // It said so of what it was never let in to.
                assertThat(second.log())
                        .contains("ringfence: ", data.toString())
                        .doesNotContain("\tat ")
                        .doesNotContain("the journal is read");
            }

            assertThat(first.api().status("/q/health/ready")).isEqualTo(200);
        }
    }

    @Test
    void aDataDirectoryThatIsAFileStopsTheStart() throws IOException {
        Files.writeString(data, "in the way");

        assertRefused(RunningService.launch(data, catalog, RunningService.freePort(), Map.of()), data.toString());
    }

    private static void assertRefused(RunningService service, String... named) {
        assertEnds(service, 78, named);
    }

    private static void assertEnds(RunningService service, int code, String... named) {
        try (service) {
            assertThat(service.awaitEnd()).isEqualTo(code);
            assertThat(service.log())
                    .contains("ringfence: ")
                    .contains(named)
                    .doesNotContain("\tat ")
                    .doesNotContain("SRCFG000")
                    .doesNotContain("started in");
        }
    }
}
