package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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
    void theDemoShowsAnAnswerThreeRefusalsAndTheJournal() {
        var before = Instant.now();

        var demo = Cli.run("demo", "--once");

        assertThat(demo.exitCode()).as(demo.stdout() + demo.stderr()).isZero();
        assertThat(demo.stdout()).contains("/etc/shadow", "timed_out", "namespaces");
        assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(60));
    }
}
