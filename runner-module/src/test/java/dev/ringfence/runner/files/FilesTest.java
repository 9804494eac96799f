package dev.ringfence.runner.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringfence.runner.OtherJvm;
import dev.ringfence.runner.files.FileWrites.Author;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real files in a real directory. */
class FilesTest {
    private static final Checkpoint GO = () -> {};

    @TempDir
    private Path directory;

    private FileRoot root;
    private FileWrites writes;
    private int job;

    @BeforeEach
    void open() throws IOException {
        root = new FileRoot("workspace", Files.createDirectory(directory.resolve("root")), FileRoots.WORK, true);
        Files.writeString(directory.resolve("secret"), "outside");
        writes = new FileWrites(
                new Backups(directory.resolve("backups"), 1 << 20, Duration.ofDays(1)),
                new CriticalFiles(CriticalFiles.DEFAULTS));
    }

    @ParameterizedTest
    @CsvSource({
        "../secret, \"..\"",
        "a/../../secret, \"..\"",
        "/etc/passwd, must be relative",
        "/workspace, must be relative",
        "., names no file",
        "/work/, names no file"
    })
    void aPathThatIsNotPlainlyBelowItsRootIsRefused(String path, String reason) {
        assertThatThrownBy(() -> FilePath.parse(path, root))
                .isInstanceOf(Refused.class)
                .hasMessageContaining(reason);
    }

    @Test
    void aPathMayBeWrittenAsAFencedProgramSeesIt() {
        assertThat(FilePath.parse("/work//a/./b.txt", root)).hasToString("a/b.txt");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\u0000b", "a\nb", "\ud800", "x/\u007f"})
    void aPathWithWhatNoLogLineHoldsIsRefused(String path) {
        assertThatThrownBy(() -> FilePath.parse(path, root))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.type()).isEqualTo("path-refused"));
    }

    @Test
    void linksFifosAndDirectoriesAreNotRead() throws Exception {
        // Given
        Files.createSymbolicLink(root.path().resolve("link"), directory.resolve("secret"));
        Files.createSymbolicLink(root.path().resolve("up"), directory);
        Files.createDirectory(root.path().resolve("sub"));
        assertThat(new ProcessBuilder("mkfifo", root.path().resolve("fifo").toString())
                        .start()
                        .waitFor())
                .isZero();

        // Then
        assertThat(refusal("link")).isEqualTo("path-refused");
        assertThat(refusal("up/secret")).isEqualTo("path-refused");
        assertThat(refusal("sub")).isEqualTo("not-a-file");
        assertThat(refusal("fifo")).isEqualTo("not-a-file");
        assertThat(refusal("nothing")).isEqualTo("no-such-file");
    }

    @Test
    void aPartOfAFileIsReadWithTheHashOfTheWhole() throws IOException {
        // Given
        Files.writeString(root.path().resolve("text"), "0123456789");

        // When
        var content = FileReads.read(root, path("text"), 2, 3, GO);

        // Then
        assertThat(new String(content.bytes(), UTF_8)).isEqualTo("234");
        assertThat(content.size()).isEqualTo(10);
        assertThat(content.truncated()).isTrue();
        assertThat(content.sha256()).contains("84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882");
    }

    @Test
    void aFileIsCreatedChangedAppendedAndUndoneStepByStep() throws IOException {
        // Given
        var created = write("dir/é.txt", "one", Change.Mode.CREATE, true);
        Files.setPosixFilePermissions(root.path().resolve("dir/é.txt"), PosixFilePermissions.fromString("rwxr-x---"));
        var appended = write("dir/é.txt", " two", Change.Mode.APPEND, false);
        var overwritten = write("dir/é.txt", "three", Change.Mode.OVERWRITE, false);

        // Then
        assertThat(created.created()).isTrue();
        assertThat(created.made()).containsExactly("dir");
        assertThat(appended.before()).contains(created.sha256());
        assertThat(appended.size()).isEqualTo(7);
        assertThat(overwritten.before()).contains(appended.sha256());
        assertThat(Files.readString(root.path().resolve("dir/é.txt"))).isEqualTo("three");
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(root.path().resolve("dir/é.txt"))))
                .isEqualTo("rwxr-x---");

        // When
        assertThat(undo("job-3")).contains(appended.sha256());
        assertThat(undo("job-2")).contains(created.sha256());
        assertThat(undo("job-1")).isEmpty();

        // Then
        assertThat(root.path().resolve("dir")).doesNotExist();
        assertThat(writes.find("job-1")).isEmpty();
        assertThat(writes.findUndone("job-1")).isPresent();
    }

    @Test
    void whatWasChangedSinceIsNotUndoneAndBothHashesAreTold() throws IOException {
        // Given
        var written = write("file", "mine", Change.Mode.CREATE, false);
        Files.writeString(root.path().resolve("file"), "theirs");

        // Then
        assertThatThrownBy(() -> undo("job-1"))
                .hasMessageContaining(written.sha256())
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.type()).isEqualTo("changed-since"));
        assertThat(Files.readString(root.path().resolve("file"))).isEqualTo("theirs");
    }

    @Test
    void aBackupThatWasTamperedWithIsNotRestored() throws IOException {
        // Given
        write("file", "one", Change.Mode.CREATE, false);
        write("file", "two", Change.Mode.OVERWRITE, false);
        Files.writeString(directory.resolve("backups/job-2/before"), "evil");

        // Then
        assertThatThrownBy(() -> undo("job-2")).hasMessageContaining("was changed; nothing is undone");
        assertThat(Files.readString(root.path().resolve("file"))).isEqualTo("two");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".env",
                "a/.ENV.local",
                ".ssh/config",
                "x/.git/hooks/pre-commit",
                ".git/config",
                ".bashrc",
                "deep/er/authorized_keys"
            })
    void criticalFilesAreNeverWritten(String path) {
        assertThatThrownBy(() -> write(path, "x", Change.Mode.OVERWRITE, true))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.type()).isEqualTo("critical-file"));
        assertThat(root.path()).isEmptyDirectory();
    }

    @Test
    void whatHasAnotherNameElsewhereIsNotWritten() throws IOException {
        // Given
        Files.createLink(root.path().resolve("hard"), directory.resolve("secret"));

        // Then
        assertThatThrownBy(() -> write("hard", "x", Change.Mode.OVERWRITE, false))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.type()).isEqualTo("hard-link"));
        assertThat(Files.readString(directory.resolve("secret"))).isEqualTo("outside");
    }

    @Test
    void aWriteThatIsStoppedLeavesNothing() {
        // Given
        var calls = new int[1];
        var change = new Change(root, path("a/b/file"), new byte[5 << 20], Change.Mode.CREATE, true);

        // Then
        assertThatThrownBy(() -> writes.write(author(), change, () -> {
                    if (++calls[0] == 3) {
                        throw new IllegalStateException("stop");
                    }
                }))
                .hasMessage("stop");
        assertThat(root.path()).isEmptyDirectory();
        assertThat(directory.resolve("backups")).isEmptyDirectory();
    }

    @Test
    void directoriesMadeForAWriteThatIsStoppedStayWhenTheyCannotBeTakenBackAndTheReasonIsStillTold() {
        // Given
        var change = new Change(root, path("a/b/file"), new byte[100_000], Change.Mode.CREATE, true);
        var there = root.path().resolve("a/b");

        // Then
        assertThatThrownBy(() -> writes.write(author(), change, () -> {
                    if (Files.exists(there)) {
                        elsewhere(root.path().resolve("a"));
                        throw new IllegalStateException("stop");
                    }
                }))
                .hasMessage("stop");
    }

    /** Leaves a link where a directory was. */
    private void elsewhere(Path place) {
        try {
            Files.createSymbolicLink(place, Files.move(place, directory.resolve("moved")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** It once said that nothing was changed. */
    @Test
    void aChangeThatIsDoneAndWhoseDirectoryCannotBeSyncedIsToldAsDone() throws Exception {
        // Given a process of its own, since one without descriptors cannot even load a class.
        var process = new ProcessBuilder(OtherJvm.command(
                        System.getProperty("java.class.path"),
                        LastDescriptor.class,
                        root.path().toString(),
                        directory.resolve("backups").toString()))
                .redirectErrorStream(true)
                .start();
        try (var said = process.inputReader();
                var told = process.outputWriter()) {
            OtherJvm.readTo("written", said);

            // When
            OtherJvm.limitDescriptors(process, 3);
            told.append("go on\n").flush();

            // Then
            OtherJvm.readTo("was changed, and that may not survive a loss of power", said);
        } finally {
            process.destroyForcibly();
        }
        assertThat(root.path().resolve("late")).hasSize(100_000);
        assertThat(writes.find("late")).isPresent();
    }

    @Test
    void aReadOrAWriteLooksWhetherToGoOnBetweenPiecesOf64KiB() throws IOException {
        // Given
        var looks = new AtomicInteger();
        var content = new byte[1 << 20];
        var author = new Author("job-1", "agent", Optional.empty());
        var create = new Change(root, path("file"), content, Change.Mode.CREATE, false);

        // Then
        var _ = writes.write(author, create, looks::incrementAndGet);
        assertThat(looks.getAndSet(0)).isGreaterThanOrEqualTo(16);
        // Once for the part, and once for the hash of the whole.
        var _ = FileReads.read(root, path("file"), 0, content.length, looks::incrementAndGet);
        assertThat(looks.get()).isGreaterThanOrEqualTo(32);
    }

    @Test
    void manyWhoAppendToAFileAtOnceAllDo() throws Exception {
        // Given
        var authors = IntStream.range(0, 16).mapToObj(_ -> author()).toList();
        write("log", "", Change.Mode.CREATE, false);

        // When
        try (var threads = Executors.newFixedThreadPool(16)) {
            var written = threads.invokeAll(authors.stream()
                    .<Callable<Written>>map(author -> () -> writes.write(
                            author,
                            new Change(
                                    root,
                                    path("log"),
                                    (author.jobId() + "\n").getBytes(UTF_8),
                                    Change.Mode.APPEND,
                                    false),
                            GO))
                    .toList());
            for (var one : written) {
                one.get();
            }
        }

        // Then
        assertThat(Files.readAllLines(root.path().resolve("log")))
                .containsExactlyInAnyOrderElementsOf(
                        authors.stream().map(Author::jobId).toList());
    }

    @Test
    void aWriteThatWaitsForAnotherOfTheSameFileCanBeStopped() throws Exception {
        // Given
        var inside = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var first = new Change(root, path("file"), "x".getBytes(UTF_8), Change.Mode.CREATE, false);
        var authors = List.of(author(), author());
        var looks = new AtomicInteger();
        try (var threads = Executors.newSingleThreadExecutor()) {
            var done = threads.submit(() -> writes.write(authors.getFirst(), first, () -> {
                if (looks.incrementAndGet() == 2) {
                    inside.countDown();
                    assertThatCode(go::await).doesNotThrowAnyException();
                }
            }));
            assertThat(inside.await(2, TimeUnit.MINUTES)).isTrue();
            var asked = new AtomicInteger();

            // Then
            try {
                assertThatThrownBy(() -> writes.write(authors.getLast(), first, () -> {
                            if (asked.incrementAndGet() == 3) {
                                throw new IllegalStateException("stop");
                            }
                        }))
                        .hasMessage("stop");
            } finally {
                go.countDown();
            }
            assertThat(done.get().created()).isTrue();
        }
    }

    @Test
    void whatAJobLeftWithoutRightsIsListedAlsoByAServiceThatIsNotRoot() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "acts as a second user");
        // Given
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        var command =
                new ArrayList<>(List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"));
        command.addAll(OtherJvm.command(OtherJvm.copyClassPath(directory), ClosedArtifacts.class));
        command.add(directory.resolve("left").toString());

        // When
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();

        // Then
        assertThat(new String(process.getInputStream().readAllBytes(), UTF_8)).isEqualTo("[d/in, open, shut] []\n");
    }

    @Test
    void allWhoFirstAskForAWorkspaceGetItReady() throws Exception {
        // Given
        var workspaces = new Workspaces(directory.resolve("workspaces"), 204_096);
        for (int i = 0; i < 50; i++) {
            var agent = "agent-" + i;
            var start = new CyclicBarrier(8);

            // When
            try (var threads = Executors.newFixedThreadPool(8)) {
                var got = threads.invokeAll(Collections.<Callable<String>>nCopies(8, () -> {
                    start.await();
                    return mode(workspaces.of(agent, Optional.empty()));
                }));

                // Then
                for (var one : got) {
                    assertThat(one.get()).isEqualTo(mode(workspaces.of(agent, Optional.empty())));
                }
            }
        }
    }

    @Test
    void aWorkspaceThatAKillKeptFromBeingMadeIsMadeByTheNextJob() throws IOException {
        // Given
        var place = directory.resolve("workspaces");
        var name = new Workspaces(place, 204_096).of("agent", Optional.empty()).getFileName();
        Files.move(place.resolve(name), place.resolve(".new-" + name));

        // When
        var made = new Workspaces(place, 204_096).of("agent", Optional.empty());

        // Then
        assertThat(made).isDirectory();
        assertThat(place).isDirectoryNotContaining(path -> !path.equals(made));
    }

    private static String mode(Path path) throws IOException {
        return Files.readAttributes(path, "unix:mode,uid,gid").toString();
    }

    @Test
    void whatAKillLeftOfAWriteIsRemovedAtTheNextStart() throws IOException {
        // Given
        write("file", "one", Change.Mode.CREATE, false);
        Files.writeString(root.path().resolve(".ringfence-job-1.tmp"), "half");

        // When
        writes.sweep(record -> Optional.of(root));

        // Then
        assertThat(root.path().resolve(".ringfence-job-1.tmp")).doesNotExist();
        assertThat(root.path().resolve("file")).exists();
    }

    @Test
    void aRehearsalSaysWhatAWriteWouldDoAndDoesNothing() {
        // When
        var written =
                writes.rehearse(new Change(root, path("a/file"), "x".getBytes(UTF_8), Change.Mode.CREATE, true), GO);

        // Then
        assertThat(written.created()).isTrue();
        assertThat(written.made()).containsExactly("a");
        assertThat(root.path()).isEmptyDirectory();
    }

    @Test
    void theOldestBackupsGoWhenTheyAreTooMany() throws IOException {
        // Given
        writes = new FileWrites(
                new Backups(directory.resolve("few"), 3000, Duration.ofDays(1)), new CriticalFiles(List.of()));

        // When
        for (int i = 0; i < 10; i++) {
            write("file", Integer.toString(i).repeat(1000), Change.Mode.OVERWRITE, false);
        }

        // Then
        try (var kept = Files.list(directory.resolve("few"))) {
            assertThat(kept.count()).isLessThan(6);
        }
        assertThat(writes.find("job-10")).isPresent();
    }

    @Test
    void theOldestRecordsOfNewFilesGoWhenTheyAreTooMany() throws IOException {
        // Given
        writes = new FileWrites(
                new Backups(directory.resolve("few"), 3000, Duration.ofDays(1)), new CriticalFiles(List.of()));

        // When
        for (int i = 0; i < 40; i++) {
            write("file-" + i, "", Change.Mode.CREATE, false);
        }

        // Then
        assertThat(writes.find("job-1")).isEmpty();
        assertThat(writes.find("job-39")).isPresent();
        assertThat(writes.find("job-40")).isPresent();
        try (var kept = Files.walk(directory.resolve("few"))) {
            assertThat(kept.filter(Files::isRegularFile)
                            .mapToLong(file -> file.toFile().length())
                            .sum())
                    .isLessThanOrEqualTo(3000);
        }
    }

    @Test
    void theBackupOfTheChangeItselfIsKeptHoweverLargeItIs() throws IOException {
        // Given
        writes = new FileWrites(
                new Backups(directory.resolve("few"), 3000, Duration.ofDays(1)), new CriticalFiles(List.of()));
        write("file", "x".repeat(5000), Change.Mode.CREATE, false);

        // When
        write("file", "y", Change.Mode.OVERWRITE, false);

        // Then
        assertThat(writes.find("job-1")).isEmpty();
        undo("job-2");
        assertThat(Files.size(root.path().resolve("file"))).isEqualTo(5000);
    }

    @Test
    void whatStaysFreeOfTheDiskIsLeftByTheNewFileAndTheBackupTogether() throws Exception {
        // Given
        var disk = Files.createDirectory(directory.resolve("disk"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk.toString()),
                "a small disk needs the right to mount one");
        try {
            root = new FileRoot("workspace", Files.createDirectory(disk.resolve("root")), FileRoots.WORK, true);
            Files.write(root.path().resolve("file"), new byte[12 << 20]);
            var same = new FileWrites(
                    new Backups(disk.resolve("backups"), 1 << 30, Duration.ofDays(1)), new CriticalFiles(List.of()));
            var elsewhere = new FileWrites(
                    new Backups(directory.resolve("elsewhere"), 1 << 30, Duration.ofDays(1)),
                    new CriticalFiles(List.of()));
            var append = new Change(root, path("file"), new byte[1], Change.Mode.APPEND, false);
            var author = new Author("job-1", "agent", Optional.empty());

            // Then
            assertThatThrownBy(() -> same.write(author, append, GO))
                    .isInstanceOfSatisfying(
                            Refused.class, refused -> assertThat(refused.type()).isEqualTo("no-space"))
                    .hasMessageContaining("the backups");
            assertThatThrownBy(() -> same.rehearse(append, GO)).hasMessageContaining("must stay free");
            assertThat(elsewhere.write(author, append, GO).size()).isEqualTo((12 << 20) + 1);
        } finally {
            run("umount", "--lazy", disk.toString());
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }

    @Test
    void eachAgentAndSessionHasAWorkspaceOfItsOwn() {
        // Given
        var workspaces = new Workspaces(directory.resolve("workspaces"), 204_096);
        var roots = new FileRoots(Map.of(), workspaces, (agent, name) -> !agent.equals("nobody"), directory);

        // When
        var one = roots.find(Optional.empty(), "a/../b", Optional.empty()).path();
        var other =
                roots.find(Optional.of("workspace"), "a_.._b", Optional.empty()).path();
        var session = roots.find(Optional.empty(), "a/../b", Optional.of("s")).path();

        // Then
        assertThat(List.of(one, other, session))
                .doesNotHaveDuplicates()
                .allSatisfy(path -> assertThat(path)
                        .hasParent(directory.resolve("workspaces"))
                        .isDirectory());
        assertThatThrownBy(() -> roots.find(Optional.empty(), "nobody", Optional.empty()))
                .hasMessageContaining("no root");
    }

    @Test
    void theWorkspaceOfASessionIsDeletedWhateverItsJobsLeftThere() throws Exception {
        // Given
        var workspaces = new Workspaces(directory.resolve("workspaces"), 204_096);
        var session = workspaces.of("agent", Optional.of("s"));
        var other = workspaces.of("agent", Optional.empty());
        var outside = Files.writeString(directory.resolve("outside"), "stays");
        Files.createSymbolicLink(session.resolve("link"), outside);
        var deep = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        "for i in $(seq 30); do mkdir " + "d".repeat(200) + " && cd " + "d".repeat(200)
                                + "; done; echo x > file; cd \"$0\"; mkdir closed; echo x > closed/file; chmod 0 closed",
                        session.toString())
                .directory(session.toFile())
                .start();
        assertThat(deep.waitFor()).isZero();
        var artifacts = new Artifacts(directory.resolve("a"), new Artifacts.Limits(3, 10, 100), Duration.ofDays(1));
        Files.writeString(artifacts.open("job", OptionalInt.empty()).resolve("file"), "x");
        artifacts.collect("job", GO);
        var files = new JobFiles(
                workspaces, artifacts, new Backups(directory.resolve("backups"), 1 << 20, Duration.ofDays(1)));

        // When
        files.deleteOfJob("job");
        files.deleteOfSession("agent", Optional.of("s"));
        files.deleteOfSession("agent", Optional.of("never was"));

        // Then
        assertThat(session).doesNotExist();
        assertThat(other).isDirectory().hasParent(session.getParent());
        assertThat(session.getParent()).isDirectoryNotContaining(path -> !path.equals(other));
        assertThat(outside).hasContent("stays");
        assertThat(artifacts.list("job")).isEmpty();
    }

    @Test
    void aRootThatWouldShowTheServicesOwnFilesIsRefusedWithItsKey() {
        var workspaces = new Workspaces(directory.resolve("workspaces"), 204_096);
        var named = Map.of("all", new FileRoots.Named(directory, true));
        assertThatThrownBy(() -> new FileRoots(named, workspaces, (agent, name) -> true, directory.resolve("root")))
                .hasMessageContaining("ringfence.files.roots.all.path");
    }

    private Written write(String path, String content, Change.Mode mode, boolean parents) {
        return writes.write(author(), new Change(root, path(path), content.getBytes(UTF_8), mode, parents), GO);
    }

    private Author author() {
        return new Author("job-" + ++job, "tester", Optional.empty());
    }

    private Optional<String> undo(String jobId) {
        return writes.undo(root, writes.find(jobId).orElseThrow(), GO);
    }

    private FilePath path(String text) {
        return FilePath.parse(text, root);
    }

    private String refusal(String path) {
        try {
            FileReads.read(root, path(path), 0, 100, GO);
            return "read";
        } catch (Refused e) {
            return e.type();
        }
    }
}
