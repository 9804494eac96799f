package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher in a source folder where nothing is built. */
class LauncherIT {
    @TempDir
    Path folder;

    @BeforeEach
    void copy() throws IOException {
        var setup = Files.createDirectories(folder.resolve("src/setup"));
        Files.copy(Packaged.project().resolve("ringfence"), folder.resolve("ringfence"));
        try (var files = Files.newDirectoryStream(Packaged.project().resolve("src/setup"))) {
            for (var file : files) {
                Files.copy(file, setup.resolve(file.getFileName()));
            }
        }
        Files.createDirectory(folder.resolve(".mvn"));
        Files.createFile(folder.resolve("pom.xml"));
    }

    /** It installed and downloaded. */
    @ParameterizedTest
    @ValueSource(
            strings = {"help", "--help", "-h", "setup --help", "setup -h", "test --help", "help setup", "help test"})
    void helpTellsOfTheLaunchersOwnCommandsAndDoesNothing(String line) throws Exception {
        var help = run(line.split(" "));

        assertThat(help.exitCode()).as(help.stderr()).isZero();
        assertThat(help.stdout()).contains("setup ", "test [MAVEN ARGS]", "RINGFENCE_NO_INSTALL");
        assertThat(folder.resolve(".ringfence")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"help demo", "demo --help", "help"})
    void helpOfTheApplicationWaitsForItsBuildAndSaysSo(String line) throws Exception {
        var help = run(line.split(" "));

        assertThat(help.exitCode()).isZero();
        assertThat(help.stderr()).contains("when it is built", "./ringfence setup");
        assertThat(folder.resolve(".ringfence")).doesNotExist();
    }

    @Test
    void setupTakesNoArguments() throws Exception {
        var refused = run("setup", "everything");

        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.stderr()).contains("setup takes no arguments");
        assertThat(folder.resolve(".ringfence")).doesNotExist();
    }

    @Test
    void aBuildThatCannotFetchWhatItNeedsSaysWhatToDo() throws Exception {
        build("wget: Failed to fetch https://repo.example/maven.zip");

        var failed = run("config", "show");

        assertThat(failed.exitCode()).as(failed.stderr()).isEqualTo(69);
        assertThat(failed.stderr()).contains("wget: Failed to fetch", "proxy", "src/docs/operations.md");
    }

    @Test
    void aBuildThatFailsForAnotherReasonIsAFault() throws Exception {
        build("[ERROR] cannot find symbol");

        assertThat(run("config", "show").exitCode()).isEqualTo(70);
    }

    /** In place of Maven's wrapper, one that says this and fails. */
    private void build(String complaint) throws IOException {
        var wrapper = Files.writeString(folder.resolve("mvnw"), "#!/bin/sh\necho '" + complaint + "'\nexit 1\n");
        assertThat(wrapper.toFile().setExecutable(true)).isTrue();
    }

    private Cli.Result run(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of("sh", folder.resolve("ringfence").toString()));
        command.addAll(List.of(arguments));
        var out = folder.resolve("out");
        var err = folder.resolve("err");
        var builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("RINGFENCE_"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        var process = builder.start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        return new Cli.Result(process.exitValue(), Files.readString(out), Files.readString(err));
    }
}
