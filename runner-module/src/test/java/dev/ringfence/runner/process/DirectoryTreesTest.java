package dev.ringfence.runner.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringfence.runner.OtherJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real directories, and what changes them meanwhile. */
class DirectoryTreesTest {
    private static final int PAIRS = 40;

    @TempDir
    Path directory;

    private Path top;

    @BeforeEach
    void make() throws IOException {
        top = Files.createDirectory(directory.resolve("top"));
    }

    /** A directory of the host lost its rights and its files to root, as something that survived its job did this. */
    @Test
    void linksThatChangePlacesWithDirectoriesMeanwhileLeadNowhere() throws Exception {
        // Given
        var victim = Files.createDirectory(directory.resolve("victim"));
        var file = Files.writeString(victim.resolve("file"), "stays");
        Files.setPosixFilePermissions(victim, PosixFilePermissions.fromString("rwxr-xr-x"));
        var pairs = IntStream.range(0, PAIRS)
                .mapToObj(i -> new Exchanger.Pair(top.resolve("d" + i), top.resolve("s" + i)))
                .toList();

        // When
        try (var _ = new Exchanger(pairs)) {
            for (int round = 0;
                    round < 300 && Files.exists(file) && mode(victim).equals("rwxr-xr-x");
                    round++) {
                fill(victim);
                try {
                    DirectoryTrees.delete(top);
                } catch (UncheckedIOException e) {
                    assertThat(e).hasMessageContaining("could not be deleted");
                }
            }
        }

        // Then
        assertThat(file).hasContent("stays");
        assertThat(mode(victim)).isEqualTo("rwxr-xr-x");
        DirectoryTrees.delete(top);
        assertThat(top).doesNotExist();
    }

    private void fill(Path victim) throws IOException {
        if (Files.notExists(top)) {
            Files.createDirectory(top);
        }
        for (int i = 0; i < PAIRS; i++) {
            try {
                Files.writeString(Files.createDirectory(top.resolve("d" + i)).resolve("file"), "x");
                Files.createSymbolicLink(top.resolve("s" + i), victim);
            } catch (FileAlreadyExistsException | NoSuchFileException e) {
                // Left by the last round, or exchanged just now.
                assertThat(e).hasMessageContaining(top.toString());
            }
        }
    }

    @Test
    void aTreeThatIsDeeperThanAPathCanNameGoesAndSoDoNamesThatAreNoText() throws Exception {
        // Given
        var script = "i=0; while [ $i -lt 3000 ]; do mkdir d x && echo x > d/file && cd d; i=$((i+1)); done;"
                + " mkdir \"$(printf 'a\\377\\nb')\" && echo x > \"$(printf 'a\\377\\nb/\\376')\"; ln -s /etc link";
        assertThat(run("sh", "-c", "cd \"$0\" && " + script, top.toString())).isTrue();
        for (int i = 0; i < 3000; i++) {
            Files.createFile(top.resolve("one-of-many-files-" + i));
        }

        // When
        DirectoryTrees.delete(top);

        // Then
        assertThat(top).doesNotExist();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatIsMountedBelowIsNotEmptied() throws Exception {
        // Given
        var mounted = Files.createDirectories(top.resolve("a/b"));
        Files.writeString(top.resolve("a/file"), "goes");
        assumeTrue(run("mount", "-t", "tmpfs", "tmpfs", mounted.toString()), "it takes the right to mount");
        try {
            Files.writeString(mounted.resolve("file"), "stays");

            // Then
            assertThatThrownBy(() -> DirectoryTrees.delete(top)).isInstanceOf(UncheckedIOException.class);
            assertThat(mounted.resolve("file")).hasContent("stays");
            assertThat(top.resolve("a/file")).doesNotExist();
        } finally {
            run("umount", "--lazy", mounted.toString());
        }
    }

    /** Whoever makes files as fast as they are deleted would hold up the service for ever. */
    @Test
    void noMoreThanABoundIsRemovedAtOnce() throws IOException {
        // Given
        for (int i = 0; i < 3000; i++) {
            Files.createFile(top.resolve("one-of-many-files-with-a-long-name-" + i));
        }

        // When
        try (var held = HeldDirectory.of(top)) {
            var deletion = new TreeDeletion(held.descriptor(), 1000);
            deletion.clear();

            // Then
            assertThat(deletion.exhausted()).isTrue();
        }
        assertThat(top).isNotEmptyDirectory();
        DirectoryTrees.delete(top);
        assertThat(top).doesNotExist();
    }

    @Test
    void whatIsNoDirectoryOrNotThereStaysAsItIs() throws IOException {
        var link = Files.createSymbolicLink(directory.resolve("link"), top);
        var file = Files.createFile(directory.resolve("file"));

        DirectoryTrees.delete(link);
        DirectoryTrees.delete(file);
        DirectoryTrees.delete(directory.resolve("none"));
        DirectoryTrees.delete(directory.resolve("none/none"));

        assertThat(link).isSymbolicLink();
        assertThat(file).exists();
        assertThat(top).exists();
    }

    @Test
    void directoriesThatAJobOfTheServicesUserClosedToItselfGo() throws Exception {
        // Given
        assumeTrue(ProcessEngine.effectiveUser() == 0, "another user is taken by root");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(top, PosixFilePermissions.fromString("rwxrwxrwx"));
        var command = new ArrayList<>(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        command.addAll(OtherJvm.command(
                OtherJvm.copyClassPath(directory),
                ClosedTree.class,
                top.resolve("tree").toString()));

        // When
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();

        // Then
        assertThat(new String(process.getInputStream().readAllBytes(), UTF_8)).isEqualTo("gone\n");
        assertThat(top).isEmptyDirectory();
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }
}
