package dev.ringfence.runner.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringfence.runner.OtherJvm;
import dev.ringfence.runner.process.Exchanger;
import dev.ringfence.runner.process.ProcessEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories that an operator gave, and what jobs and others leave in them. */
class DiskUseTest {
    private static final int NOBODY = 65534;
    private static final int USERS = 100;
    private static final int GIVEN = 02775;

    @TempDir
    private Path directory;

    private Path given;

    @BeforeEach
    void give() throws IOException {
        assumeTrue(ProcessEngine.effectiveUser() == 0, "another user is taken by root");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        given = Files.createDirectory(directory.resolve("given"));
        Files.setAttribute(given, "unix:uid", NOBODY);
        Files.setAttribute(given, "unix:gid", USERS);
        Files.setAttribute(given, "unix:mode", GIVEN);
    }

    /** Every job took its rights from the group. */
    @Test
    void aDirectoryOfAnotherUserThatCannotBeOpenedChangesNoRightsOfTheWritePath() throws Exception {
        // Given
        Files.createDirectory(
                given.resolve("lost+found"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));

        // When
        var said = asNobody("look");

        // Then
        assertThat(said).contains("given 2775");
        assertThat(Files.getAttribute(given.resolve("lost+found"), "unix:mode")).isEqualTo(0040700 | 02000);
    }

    @Test
    void whatAJobOfTheSameUserClosedIsOpenedToItAndOtherRightsStay() throws Exception {
        assertThat(asNobody("close").lines()).containsExactly("5 files", "given 2775", "a 2755", "b 2750");
    }

    @Test
    void aWritePathThatWasClosedBeforeStaysSo() throws Exception {
        Files.setAttribute(given, "unix:mode", 0375);

        assertThat(asNobody("look")).contains("given 375");
    }

    /** Root found a file where a directory had been, and took all rights of others from the write path. */
    @Test
    void aDirectoryAndAFileThatChangePlacesChangeNoRightsOfTheWritePath() throws Exception {
        // Given
        var pair = new Exchanger.Pair(
                Files.createDirectory(given.resolve("directory")), Files.createFile(given.resolve("file")));

        // When
        try (var _ = new Exchanger(List.of(pair))) {
            for (int round = 0; round < 20000 && mode() == GIVEN; round++) {
                var use = new DiskUse(List.of(given), new TemporaryFiles(0), 0);
                var _ = use.growth(List.of(), Optional.empty(), true);
            }
        }

        // Then
        assertThat(mode()).isEqualTo(GIVEN);
    }

    private int mode() throws IOException {
        return (int) Files.getAttribute(given, "unix:mode") & 07777;
    }

    private String asNobody(String what) throws IOException {
        var command =
                new ArrayList<>(List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--groups=" + USERS));
        command.addAll(
                OtherJvm.command(OtherJvm.copyClassPath(directory), ClosedDirectories.class, given.toString(), what));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes(), UTF_8);
    }
}
