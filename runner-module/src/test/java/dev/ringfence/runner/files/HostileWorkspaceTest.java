package dev.ringfence.runner.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringfence.runner.process.ProcessEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever may write to a workspace changes names in it while the service works there. */
class HostileWorkspaceTest {
    private static final Checkpoint GO = () -> {};

    @TempDir
    private Path directory;

    private FileRoot root;
    private Path outside;
    private FileWrites writes;

    @BeforeEach
    void open() throws IOException {
        root = new FileRoot("workspace", Files.createDirectory(directory.resolve("root")), FileRoots.WORK, true);
        outside = Files.writeString(directory.resolve("outside"), "secret");
        Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rw-------"));
        writes = new FileWrites(
                new Backups(directory.resolve("backups"), 1 << 20, Duration.ofDays(1)), new CriticalFiles(List.of()));
    }

    /** As root the service gave any file of the host the mode that the agent's own file had. */
    @Test
    void aLinkThatTakesTheNameOfANewFileGetsNothingOfItsMode() throws Exception {
        // Given
        var target = Files.writeString(root.path().resolve("t"), "mine");
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxrwxrwx"));
        var job = new AtomicInteger();
        var over = new AtomicBoolean();
        var racer = new FutureTask<>(() -> {
            while (!over.get()) {
                replace(root.path().resolve(NewFile.temporaryName("job-" + job.get())));
            }
            return true;
        });
        Thread.ofPlatform().start(racer);

        // When
        try {
            for (int round = 0; round < 300 && mode(outside).equals("rw-------"); round++) {
                job.set(round);
                try {
                    write("job-" + round, "t", false, GO);
                    assertThat(target).hasContent("content");
                } catch (Refused e) {
                    assertThat(e.type()).isEqualTo("changed-meanwhile");
                }
                restore(target);
            }
        } finally {
            over.set(true);
        }

        // Then
        assertThat(racer.get()).as("it went on to the end").isTrue();
        assertThat(mode(outside)).isEqualTo("rw-------");
        assertThat(outside).hasContent("secret");
    }

    /** The link was put in the file's place, and the job was told to have completed. */
    @Test
    void whatWasWrittenIsPutInItsPlaceOrTheWriteFails() throws IOException {
        // Given
        var target = Files.writeString(root.path().resolve("t"), "mine");
        var temporary = root.path().resolve(NewFile.temporaryName("job"));

        // Then
        assertThatThrownBy(() -> write("job", "t", false, () -> replace(temporary)))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.type()).isEqualTo("changed-meanwhile"))
                .hasMessageContaining("replaced");
        assertThat(target).isRegularFile().hasContent("mine");
        assertThat(directory.resolve("backups")).isEmptyDirectory();
    }

    @Test
    void aNewFileThatHasAnotherNameIsNotPutInItsPlace() {
        // Given
        var temporary = root.path().resolve(NewFile.temporaryName("job"));
        var other = root.path().resolve("other");

        // Then
        assertThatThrownBy(() -> write("job", "t", false, () -> link(other, temporary)))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("linked by others");
        assertThat(root.path().resolve("t")).doesNotExist();
    }

    @Test
    void aRootWhoseWayBecameALinkIsNotEntered() throws IOException {
        // Given
        var elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Files.move(root.path(), directory.resolve("moved"));
        Files.createSymbolicLink(root.path(), elsewhere);

        // Then
        assertThatThrownBy(() -> write("job", "t", false, GO))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.type()).isEqualTo("path-refused"));
        assertThat(elsewhere).isEmptyDirectory();
    }

    /** They stayed root's, and so did the files in them. */
    @Test
    void directoriesThatAreMadeOnTheWayBelongToTheWorkspacesUser() throws Exception {
        // Given
        assumeTrue(ProcessEngine.effectiveUser() == 0, "only root gives files away");
        int user = 249_718;
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setAttribute(root.path(), "unix:uid", user);
        Files.setAttribute(root.path(), "unix:gid", user);

        // When
        write("job", "x/y/z.txt", true, GO);

        // Then
        for (var made : List.of("x", "x/y", "x/y/z.txt")) {
            assertThat(Files.readAttributes(root.path().resolve(made), "unix:uid,gid")
                            .values())
                    .containsOnly(user);
        }
        var id = Integer.toString(user);
        var program = new ProcessBuilder(
                        "setpriv",
                        "--reuid=" + id,
                        "--regid=" + id,
                        "--clear-groups",
                        "sh",
                        "-c",
                        "echo new > x/new && echo more >> x/y/z.txt && rm -r x/y")
                .directory(root.path().toFile())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(program.getInputStream().readAllBytes(), UTF_8)).isEmpty();
        assertThat(program.waitFor()).isZero();
    }

    private Written write(String job, String path, boolean parents, Checkpoint checkpoint) {
        var author = new FileWrites.Author(job, "tester", Optional.empty());
        var change =
                new Change(root, FilePath.parse(path, root), "content".getBytes(UTF_8), Change.Mode.OVERWRITE, parents);
        return writes.write(author, change, checkpoint);
    }

    /** Puts a link in the place of a file that is there. */
    private void replace(Path name) {
        var link = root.path().resolve("link");
        try {
            if (Files.exists(name, LinkOption.NOFOLLOW_LINKS)) {
                Files.deleteIfExists(link);
                Files.createSymbolicLink(link, outside);
                Files.move(link, name, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void link(Path other, Path file) {
        try {
            Files.createLink(other, file);
        } catch (NoSuchFileException e) {
            return; // not made yet
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** After a link was put there, or left where the new file should have been. */
    private static void restore(Path target) throws IOException {
        if (Files.isSymbolicLink(target)) {
            Files.delete(target);
        }
        if (Files.notExists(target)) {
            Files.writeString(target, "mine");
        }
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }
}
