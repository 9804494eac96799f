package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
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
        assertThat(Cli.run("doctor").stdout()).contains("namespaces", "memory");
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
