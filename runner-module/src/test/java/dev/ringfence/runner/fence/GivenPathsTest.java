package dev.ringfence.runner.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.ProgramInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What profiles give and deny of the host's files, in real fences. */
@ParameterizedClass
@EnumSource(FenceTier.class)
class GivenPathsTest {
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Duration LONG = Duration.ofMinutes(2);

    private final FenceTier tier;
    private final HostFences fence;

    GivenPathsTest(FenceTier tier) {
        this.tier = tier;
        this.fence =
                HostFences.on(OneTier.of(tier, "paths" + ProcessHandle.current().pid()));
    }

    @TempDir
    Path directory;

    private Path work;

    @BeforeEach
    void make() throws IOException {
        permit(directory, "rwxr-xr-x");
        work = Files.createDirectory(directory.resolve("work"));
        permit(work, "rwxrwxrwx");
    }

    @AfterEach
    void close() {
        fence.close();
    }

    @Test
    void whatAShortJobWroteIsInItsUsageThoughTheKernelWritesItBackLater() {
        // Bubblewrap does not wait for the first process of its namespace; who has swept, does.
        fence.sweep();
        var result = run(
                List.of(), List.of(work.toString()), List.of(), "head -c 4000000 /dev/zero > %s/file".formatted(work));

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
        assertThat(result.usage().writtenBytes()).isGreaterThanOrEqualTo(4_000_000);
        assertThat(result.usage().writtenSource()).isNotEqualTo("control group");
    }

    @Test
    void aFileThatReachedItsLimitIsNamedAlsoWhereOnlyAnExitCodeTellsOfTheSignal() {
        var script = "head -c 12000000 /dev/zero > %s/big; exit $?".formatted(work);

        var result = run(List.of(), List.of(work.toString()), List.of(), script);
        var again = run(List.of(), List.of(work.toString()), List.of(), "exit 153");

        assertThat(result.limitsHit())
                .containsExactly(new LimitHit(
                        "filesystem.max_file_size_mb",
                        "8388608 bytes",
                        "exit code 153, which stands for SIGXFSZ, and a new file of that size"));
        assertThat(again.limitsHit()).isEmpty();
    }

    @Test
    void temporaryFilesThatTakeAllTheirRoomAreNamed() {
        // Until something looks, which it does every second at least, the job stays.
        var result = run(
                List.of(),
                List.of(work.toString()),
                List.of(),
                "for i in 1 2 3; do head -c 8000000 /dev/zero > ${TMPDIR:-/tmp}/$i; done; sleep 5");

        assertThat(result.limitsHit())
                .singleElement()
                .satisfies(hit -> assertThat(hit.field()).isEqualTo("resources.max_disk_mb"));
    }

    @Test
    void whatIsWrittenThroughTheCacheIsHeldToItsPaceToo() {
        var base = Profiles.shell();
        var slow = new SandboxProfile(
                base.name(),
                new Resources(DataSize.ofMegabytes(128), 1.0, DataSize.ofMegabytes(64), new GpuAccess.None(), 2),
                new Filesystem(List.of(), List.of(work.toString()), List.of(), true, DataSize.ofMegabytes(8)),
                base.processLimits(),
                base.network(),
                base.security());
        var script = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do"
                + " head -c 1048576 /dev/zero > %s/file$n; sleep 0.05; done".formatted(work);

        var result = new FencedShell(fence, "paths-").run(slow, script);

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
        // Six seconds by the limit; what is written between two looks comes back as a pause only after the last piece.
        assertThat(result.usage().wall()).isGreaterThan(Duration.ofSeconds(3));
        assertThat(result.report().entries())
                .filteredOn(entry -> entry.field().equals("resources.max_io_bandwidth_mbps"))
                .singleElement()
                .satisfies(entry -> assertThat(entry.means()).contains("watchdog"));
    }

    @Test
    void whatAJobWritesToAWritePathStaysOnTheHost() throws IOException {
        var result = run(
                List.of(),
                List.of(work.toString()),
                List.of(),
                "echo kept > %s/file && touch %s/x".formatted(work, directory));

        assertThat(stdout(result)).contains("cannot touch");
        assertThat(Files.readString(work.resolve("file"))).isEqualTo("kept\n");
        assertThat(directory.resolve("x")).doesNotExist();
    }

    @Test
    void aDirectoryOfAGroupIsWritableByThatGroupAndARefusalSaysWhatIsMissing() throws IOException {
        permit(work, "rwxrwxr-x");

        assertThatThrownBy(() -> run(List.of(), List.of(work.toString()), List.of(), "true"))
                .isInstanceOfSatisfying(
                        FenceException.Refused.class,
                        refused -> assertThat(refused.field()).isEqualTo("filesystem.write_paths"))
                .hasMessageContaining(work + " belongs to root:root with rwxrwxr-x")
                .hasMessageContaining("chgrp");

        Files.setAttribute(work, "unix:gid", 54_321);
        var result = run(List.of(), List.of(work.toString()), List.of(), "id -G; echo kept > " + work + "/file");
        assertThat(stdout(result).strip()).endsWith(" 54321");
        assertThat(work.resolve("file")).hasContent("kept\n");
    }

    @Test
    void whatAJobAddsToAWritePathIsLimitedTogetherWithItsTemporaryFilesAlsoWithoutANameAndInManyFiles()
            throws IOException {
        Files.write(work.resolve("before"), new byte[20 << 20]);
        var fill = "head -c 7000000 /dev/zero > ";
        for (var script : List.of(
                "for i in 1 2 3; do %s %s/$i; done; sleep 20".formatted(fill, work),
                "%1$s ${TMPDIR-/tmp}/1; %1$s ${TMPDIR-/tmp}/2; %1$s %2$s/1; sleep 20".formatted(fill, work),
                "for i in 3 4 5; do eval \"exec $i>%2$s/x\"; rm %2$s/x; eval \"head -c 7000000 /dev/zero >&$i\"; done; sleep 20"
                        .formatted(fill, work),
                "i=0; while [ $i -lt 5000 ]; do : > %s/$i; i=$((i+1)); done; sleep 20".formatted(work))) {
            var result = run(List.of(), List.of(work.toString()), List.of(), script);

            assertThat(result.limitsHit()).as(script).singleElement().satisfies(hit -> {
                assertThat(hit.field()).isEqualTo("resources.max_disk_mb");
                assertThat(hit.limit()).isEqualTo("16777216 bytes");
                assertThat(hit.observed()).matches("\\d{8} bytes in \\d+ files");
            });
            try (var left = Files.newDirectoryStream(work, "[0-9]*")) {
                for (var file : left) {
                    Files.delete(file);
                }
            }
        }
        assertThat(run(List.of(), List.of(work.toString()), List.of(), fill + work + "/1; sleep 1")
                        .limitsHit())
                .isEmpty();
    }

    @Test
    void whatAJobLeavesThatCannotBeCountedKeepsNoOtherFromBeginningAndIsNoRoomWithoutALimit() {
        var deep = "cd %s && i=0; while [ $i -lt 150 ]; do mkdir -p -m 777 d && cd d || exit 1; i=$((i+1)); done; "
                .formatted(work);
        assertThat(stdout(run(List.of(), List.of(work.toString()), List.of(), deep + "echo made")))
                .isEqualTo("made\n");

        var filled = run(
                List.of(),
                List.of(work.toString()),
                List.of(),
                deep + "for i in 1 2 3 4; do head -c 7000000 /dev/urandom > $i; done; sync; sleep 20");
        assertThat(filled.limitsHit()).singleElement().satisfies(hit -> {
            assertThat(hit.field()).isEqualTo("resources.max_disk_mb");
            assertThat(hit.observed())
                    .matches("\\d+ bytes by the growth of the file system, since not all could be counted"
                            + " \\(when it began: directories are deeper than 128\\)");
        });

        var cleaned = run(List.of(), List.of(work.toString()), List.of(), "rm -rf %s/d && echo gone".formatted(work));
        assertThat(stdout(cleaned)).isEqualTo("gone\n");
        assertThat(work).isEmptyDirectory();
    }

    @Test
    void whatDoesNotExistIsRefused() {
        assertThatThrownBy(() -> run(List.of(), List.of(work + "/none"), List.of(), "true"))
                .isInstanceOf(FenceException.Refused.class)
                .hasMessageContaining("does not exist");
    }

    @Test
    void whatIsDeniedInsideAWritePathCannotBeSeenNorMovedOutOfTheWay() throws IOException {
        Files.createDirectories(work.resolve("a/b"));
        Files.writeString(work.resolve("a/b/secret.key"), "password");
        Files.writeString(work.resolve("a/other"), "other");
        for (var path : List.of("a", "a/b")) {
            permit(work.resolve(path), "rwxrwxrwx");
        }
        var script = """
                cd %s
                cat a/b/secret.key a/other
                mv a c || echo stays
                mv a/b c || echo stays
                mv a/b/secret.key x || echo stays
                rm -rf a 2>/dev/null; ln a/b/secret.key y || echo stays
                cat c/b/secret.key x y 2>/dev/null
                """.formatted(work);

        for (int i = 0; i < 2; i++) {
            var result = run(List.of(), List.of(work.toString()), List.of(work + "/a/b/secret.key"), script);

            assertThat(stdout(result)).doesNotContain("password");
            assertThat(stdout(result).split("stays", -1)).hasSize(5);
        }
        assertThat(work.resolve("a/b/secret.key")).hasContent("password");
    }

    @Test
    void aReadPathInsideAWritePathStaysReadOnly() throws IOException {
        Files.createDirectories(work.resolve("a/inputs"));
        Files.writeString(work.resolve("a/inputs/data"), "data");
        Files.createDirectory(work.resolve("b"));
        for (var path : List.of("a", "a/inputs", "b")) {
            permit(work.resolve(path), "rwxrwxrwx");
        }

        var result = run(
                List.of(work + "/a/inputs"),
                List.of(work.toString()),
                List.of(),
                "cd %s; cat a/inputs/data; echo x > a/inputs/data; mv a/inputs z || mv a z; touch b/fine"
                        .formatted(work));

        assertThat(stdout(result)).startsWith("data");
        assertThat(work.resolve("a/inputs/data")).hasContent("data");
        assertThat(work.resolve("b/fine")).exists();
        assertThat(result.report().entries())
                .filteredOn(entry ->
                        entry.field().startsWith("filesystem.") && entry.field().endsWith("_paths"))
                .extracting(FenceReport.Entry::value)
                .allSatisfy(value -> assertThat(value).doesNotContain("[", "]"))
                .anySatisfy(value -> assertThat(value).contains("by the profile: " + work + "/a/inputs"));
    }

    @Test
    void deniedWinsOverGivenAlsoUnderAnotherName() throws IOException {
        var real = Files.createDirectory(directory.resolve("real"));
        Files.writeString(real.resolve("secret"), "password");
        Files.writeString(real.resolve("plain"), "plain");
        var link = Files.createSymbolicLink(directory.resolve("link"), real);

        var result = run(
                List.of(link.toString(), real.toString()),
                List.of(),
                List.of(real + "/secret"),
                "cat %1$s/secret %1$s/plain %2$s/secret %2$s/plain".formatted(link, real));

        assertThat(stdout(result)).contains("plaincat").endsWith("plain").doesNotContain("password");
        assertThat(stdout(run(List.of(real + "/plain"), List.of(), List.of(real.toString()), "cat " + real + "/plain")))
                .doesNotContain("plain\n")
                .contains(tier == FenceTier.NAMESPACES ? "No such file" : "Permission denied");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "W/.env",
                "W/later/.env",
                "W/secret*",
                "W/*/key",
                "D/*/.env",
                "D/**/*.key",
                "D/{work,x}/.env",
                "D/*" + "/open/*"
            })
    void aDeniedNameThatAJobCouldMakeWhereItMayWriteIsRefused(String denied) throws IOException {
        Files.createDirectory(work.resolve("open"));

        assertThatThrownBy(() -> run(List.of(), List.of(work.toString()), List.of(path(denied)), "true"))
                .isInstanceOfSatisfying(
                        FenceException.Refused.class,
                        refused -> assertThat(refused.field()).isEqualTo("filesystem.denied_paths"))
                .hasMessageContaining(work + ", where a job may write")
                .hasMessageContaining("exist");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "W/.env",
                "W/vault/key",
                "W/vault/*",
                "W/inputs/.env",
                "D/*.key",
                "D/*/.env",
                "D/else/.env",
                "D/e*/**",
                "D/w?r/*",
                "D/*/vault/**"
            })
    void aDeniedNameThatNoJobCanMakeIsNotRefused(String denied) throws IOException {
        Files.createFile(work.resolve(".env"));
        Files.createDirectory(work.resolve("vault"));
        Files.createDirectory(work.resolve("inputs"));

        run(
                List.of(path("W/inputs")),
                List.of(path("W")),
                List.of(path("W/vault"), path(denied)),
                "echo planted > %1$s/vault/key; echo planted > %1$s/.env; echo planted > %1$s/inputs/.env"
                        .formatted(work));

        assertThat(work.resolve("vault/key")).doesNotExist();
        assertThat(work.resolve("inputs/.env")).doesNotExist();
    }

    /** Also where it may be read by the profile: what a job works in is writable as a whole. */
    @ParameterizedTest
    @ValueSource(strings = {"W/.env", "W/inputs/key"})
    void aDeniedNameThatAJobCouldMakeInTheDirectoryItWorksInIsRefused(String denied) throws IOException {
        Files.createDirectory(work.resolve("inputs"));
        var command = new FencedCommand(
                "paths-" + NUMBER.incrementAndGet(),
                Profiles.with(new Filesystem(
                        List.of(path("W/inputs")), List.of(), List.of(path(denied)), true, DataSize.ofMegabytes(8))),
                List.of("/bin/true"),
                Map.of(),
                new ProgramInput.Bytes(new byte[0]),
                List.of(),
                0,
                LONG,
                100_000,
                new Workplace(List.of(new Workplace.Binding(work, work, true)), Optional.empty(), OptionalInt.empty()));

        assertThatThrownBy(() -> fence.start(command, OutputListener.NONE))
                .isInstanceOf(FenceException.Refused.class)
                .hasMessageContaining(work + ", where a job may write");
    }

    @Test
    void belowAFileThatMayBeWrittenToNothingCanBeMade() throws IOException {
        var log = Files.createFile(work.resolve("app.log"));
        permit(log, "rw-rw-rw-");

        run(List.of(), List.of(log.toString()), List.of(path("D/**/*.pem")), "echo x > " + log);

        assertThat(log).hasContent("x");
    }

    /** With the directory of the test for {@code D}, and for {@code W} the one in it that jobs may write to. */
    private String path(String pattern) {
        return (pattern.startsWith("W") ? work : directory) + pattern.substring(1);
    }

    @Test
    void aLinkThatSomeoneElseThanRootMadeIsNotFollowed() throws IOException {
        var link = Files.createSymbolicLink(work.resolve("link"), Path.of("/etc"));
        Files.setAttribute(link, "unix:uid", 200_000, LinkOption.NOFOLLOW_LINKS);

        for (var path : List.of(link, link.resolve("passwd"))) {
            assertThatThrownBy(() -> run(List.of(path.toString()), List.of(), List.of(), "true"))
                    .isInstanceOfSatisfying(
                            FenceException.Refused.class,
                            refused -> assertThat(refused.field()).isEqualTo("filesystem.read_paths"))
                    .hasMessageContaining(link.toString());
        }
        // A wildcard passes it over.
        assertThat(stdout(run(List.of(work + "/*"), List.of(), List.of(), "ls " + work + "; cat " + link + "/passwd")))
                .doesNotContain("root:");
    }

    @Test
    void aDirectoryThatIsSwappedForALinkWhileTheFenceIsBuiltLeadsNowhere() throws Exception {
        var secret = Files.createDirectory(directory.resolve("secret"));
        Files.writeString(secret.resolve("file"), "password");
        var swapped = Files.createDirectory(work.resolve("swapped"));
        Files.writeString(swapped.resolve("file"), "plain");
        var link = Files.createSymbolicLink(work.resolve("link"), secret);
        Files.setAttribute(link, "unix:uid", 200_000, LinkOption.NOFOLLOW_LINKS);
        var over = new AtomicBoolean();
        var swapper = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                try {
                    Files.move(swapped, work.resolve("aside"));
                    Files.move(link, swapped);
                    Files.move(swapped, link);
                    Files.move(work.resolve("aside"), swapped, StandardCopyOption.ATOMIC_MOVE);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        int ran = 0;
        for (int i = 0; i < 60; i++) {
            try {
                var result = run(List.of(swapped.toString()), List.of(), List.of(), "cat " + swapped + "/file");
                assertThat(stdout(result)).doesNotContain("password");
                ran++;
            } catch (FenceException e) {
                // Refused or broken off: nothing ran.
            }
        }
        over.set(true);
        swapper.join();
        assertThat(ran).isPositive();
    }

    private FencedResult run(List<String> read, List<String> write, List<String> denied, String script) {
        var base = Profiles.shell();
        var profile = new SandboxProfile(
                base.name(),
                base.resources(),
                new Filesystem(read, write, denied, true, DataSize.ofMegabytes(8)),
                base.processLimits(),
                base.network(),
                base.security());
        var command = new FencedCommand(
                "paths-" + NUMBER.incrementAndGet(),
                profile,
                List.of("/bin/sh", "-c", "exec 2>&1; " + script),
                Map.of("PATH", "/usr/bin:/bin", "HOME", "/tmp"),
                new byte[0],
                List.of(),
                0,
                LONG,
                100_000);
        return fence.start(command, OutputListener.NONE).result().await().atMost(LONG);
    }

    private static void permit(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static String stdout(FencedResult result) {
        return new String(result.stdout().bytes(), UTF_8);
    }
}
