package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLineIT {
    @TempDir
    Path directory;

    @Test
    void helpListsTheCommands() {
        var help = Cli.run("--help");

        assertThat(help.exitCode()).isZero();
        assertThat(help.stdout()).contains("serve", "demo", "doctor", "catalog", "journal");
    }

    @Test
    void anUnknownCommandIsNamedAndTheExitCodeSaysSo() {
        var unknown = Cli.run("serv");

        assertThat(unknown.exitCode()).isNotZero();
        assertThat(unknown.stderr()).contains("serv");
    }

    @Test
    void doctorSaysWhichFencesThisHostCanBuild() {
        assertThat(Cli.run("doctor").stdout()).contains("namespaces", "memory", "llama.cpp: ");
    }

    @Test
    void aGoodCatalogPassesItsCheckAndABadOneIsNamedByKey() {
        var good = Cli.run("catalog", "check", Catalogs.standard(directory).toString());
        var bad = Cli.run(
                "catalog",
                "check",
                Catalogs.write(directory, "[slm]\ndefault_sandbox_profile = \"nobody\"\n")
                        .toString());

        assertThat(good.exitCode()).as(good.stderr()).isZero();
        assertThat(bad.exitCode()).isNotZero();
        assertThat(bad.stdout() + bad.stderr()).contains("slm.default_sandbox_profile", "nobody");
    }

    @Test
    void aJobOfTheCommandLineLeavesThoseThatWaitForTheService() {
        var data = directory.resolve("data");
        var catalog = Catalogs.standard(directory);
        String running;
        String waiting;
        try (var service = RunningService.start(data, catalog, Map.of("RINGFENCE_JOBS_CONCURRENCY", "1"))) {
            running = service.api().submitShell("sleep 300", request -> {});
            service.api().awaitState(running, "started");
            waiting = service.api().submitShell("echo recovered", request -> {});
            service.kill();
        }

        var run = runShell(data, catalog, "echo mine", Map.of("RINGFENCE_GUARD_ENABLED", "false"));

        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.stdout()).isEqualTo("mine\n");
        assertThat(run.stderr()).contains(running, "interrupted", "wait for the next start of the service: 1");
        try (var service = RunningService.start(data, catalog)) {
            service.api().awaitState(waiting, "completed");
            assertThat(service.api().job(running).path("state").asText()).isEqualTo("interrupted");
        }
    }

    @Test
    void aJobThatTheGuardKeepsOutEndsAsIfAServiceHadRefusedIt() {
        var run = runShell(
                directory.resolve("data"),
                Catalogs.standard(directory),
                "true",
                Map.of("RINGFENCE_GUARD_DISK_FREE", "8000000G"));

        assertThat(run.exitCode()).as(run.toString()).isEqualTo(75);
        assertThat(run.stderr()).contains("ringfence.guard.disk-free");
    }

    /** The job once ran to its end all the same, and only then the command ended. */
    @Test
    void aSignalThatComesWhileItStartsKeepsTheJobFromBeginning() throws Exception {
        var data = directory.resolve("data");
        var process = Cli.start(
                Map.of(),
                List.of("run", "ShellExec", "--args", "{\"argv\": [\"sleep\", \"280\"]}", "--data", data.toString()),
                directory.resolve("out"),
                directory.resolve("err"));
        await().until(() -> Files.exists(data.resolve("journal")));

        process.destroy();

        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).isEqualTo(143);
        assertThat(Cli.run("journal", "dump", "--data", data.toString()).stdout())
                .doesNotContain("\"completed\"");
    }

    @Test
    void aJobWhoseOutputCannotBePrintedIsNoSuccess() throws Exception {
        var process = Cli.start(
                Map.of("RINGFENCE_GUARD_ENABLED", "false"),
                List.of(
                        "run",
                        "ShellExec",
                        "--args",
                        "{\"argv\": [\"echo\", \"hello\"]}",
                        "--data",
                        directory.resolve("data").toString()),
                Path.of("/dev/full"),
                directory.resolve("err"));

        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(directory.resolve("err"))
                .content()
                .contains("completed", "standard output cannot be written")
                .doesNotContain("\tat ");
    }

    @Test
    void aDataDirectoryThatAServiceHasIsNoPlaceForARun() {
        var data = directory.resolve("data");
        var catalog = Catalogs.standard(directory);
        try (var service = RunningService.start(data, catalog)) {
            var url = "http://127.0.0.1:" + service.port();

            var run = runShell(data, catalog, "true", Map.of("RINGFENCE_URL", url));

            assertThat(run.exitCode()).as(run.toString()).isEqualTo(75);
            assertThat(run.stderr()).contains(data.toString(), "--url " + url);
        }
    }

    private static Cli.Result runShell(Path data, Path catalog, String command, Map<String, String> environment) {
        return Cli.run(
                environment,
                "run",
                "ShellExec",
                "--args",
                "{\"cmd\": \"" + command + "\"}",
                "--config",
                catalog.toString(),
                "--data",
                data.toString());
    }

    @Test
    void theDemoShowsAnAnswerThreeRefusalsAndTheJournal() {
        var demo = Cli.run("demo", "--once");

        assertThat(demo.exitCode()).as(demo.stdout() + demo.stderr()).isZero();
        assertThat(demo.stdout()).contains("/etc/shadow", "timed_out", "namespaces");
    }
}
