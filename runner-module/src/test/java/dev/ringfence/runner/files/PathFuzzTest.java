package dev.ringfence.runner.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random paths into a tree of traps, while another thread swaps directories for links: whatever is read is from inside,
 * whatever is written stays inside, and all that is thrown says that it refuses. {@code -Dringfence.fuzz.cases=100000}
 * makes it long, {@code -Dringfence.fuzz.seed} repeats a run.
 */
class PathFuzzTest {
    private static final List<Change.Mode> MODES = List.of(Change.Mode.values());
    private static final int CASES = Integer.getInteger("ringfence.fuzz.cases", 3000);
    private static final long SEED = Long.getLong("ringfence.fuzz.seed", 1);
    private static final String SECRET = "from outside";
    private static final List<String> WORDS = List.of(
            "..",
            ".",
            "",
            "a",
            "b",
            "link",
            "up",
            "self",
            "loop",
            "swap",
            "hard",
            "fifo",
            "file",
            "é",
            "\u0000",
            "\ud800",
            "a\nb",
            "proc",
            "fd",
            "x".repeat(255),
            "x".repeat(256),
            "~",
            "*",
            "%2e%2e",
            "..;",
            "\\..",
            " ",
            "-rf",
            "secret",
            "😀",
            "root");

    @TempDir
    private Path directory;

    @Test
    void noPathLeadsOutWhateverItIsAndWhoeverSwapsTheDirectories() throws Exception {
        // Given
        var outside = Files.createDirectory(directory.resolve("outside"));
        Files.writeString(outside.resolve("secret"), SECRET);
        Files.writeString(outside.resolve("file"), SECRET);
        var inside = tree(outside);
        var root = new FileRoot("workspace", inside, FileRoots.WORK, true);
        var writes = new FileWrites(
                new Backups(directory.resolve("backups"), 1 << 20, Duration.ofDays(1)),
                new CriticalFiles(List.of("secret-name")));
        var random = new Random(SEED);
        var stop = new AtomicBoolean();
        var swapper = Thread.ofPlatform().start(() -> swap(inside, outside, stop));

        // When
        int done = 0;
        try {
            for (int i = 0; i < CASES; i++) {
                done += attempt(root, writes, random, i);
            }
        } finally {
            stop.set(true);
            swapper.join();
        }

        // Then
        assertThat(done).as("cases that were not refused").isGreaterThan(CASES / 100);
        try (var files = Files.list(outside)) {
            assertThat(files).hasSize(2).allSatisfy(file -> assertThat(file).hasContent(SECRET));
        }
        try (var files = Files.list(directory)) {
            assertThat(files)
                    .extracting(file -> file.getFileName().toString())
                    .containsExactlyInAnyOrder("outside", "inside", "backups");
        }
    }

    /** One if something was read or written. */
    private static int attempt(FileRoot root, FileWrites writes, Random random, int number) {
        var text = path(random);
        try {
            var path = FilePath.parse(text, root);
            if (random.nextBoolean()) {
                var content = FileReads.read(root, path, random.nextInt(3), 100, () -> {});
                // The hard link into the outside is the one thing that no file system can tell from a file.
                if (!path.names().contains("hard")) {
                    assertThat(new String(content.bytes(), UTF_8)).as(text).doesNotContain("outside");
                }
            } else {
                var mode = MODES.get(random.nextInt(MODES.size()));
                var change = new Change(root, path, "inside".getBytes(UTF_8), mode, random.nextInt(10) == 0);
                writes.write(new FileWrites.Author("job-" + number, "fuzzer", Optional.empty()), change, () -> {});
            }
            return 1;
        } catch (Refused e) {
            assertThat(e.getMessage()).isNotBlank();
            assertThat(e.type()).isNotBlank();
            return 0;
        }
    }

    private static String path(Random random) {
        var text = new StringBuilder(random.nextInt(8) == 0 ? "/" : random.nextInt(8) == 0 ? "/work/" : "");
        int names = 1 + random.nextInt(random.nextInt(50) == 0 ? 300 : 4);
        for (int i = 0; i < names; i++) {
            text.append(i == 0 ? "" : "/").append(WORDS.get(random.nextInt(WORDS.size())));
        }
        return text.toString();
    }

    private Path tree(Path outside) throws IOException, InterruptedException {
        var inside = Files.createDirectory(directory.resolve("inside"));
        Files.createDirectories(inside.resolve("a/b"));
        Files.createDirectory(inside.resolve("swap"));
        Files.writeString(inside.resolve("swap/file"), "inside");
        Files.writeString(inside.resolve("file"), "inside");
        Files.createSymbolicLink(inside.resolve("link"), outside.resolve("secret"));
        Files.createSymbolicLink(inside.resolve("up"), Path.of(".."));
        Files.createSymbolicLink(inside.resolve("a/up"), outside);
        Files.createSymbolicLink(inside.resolve("loop"), Path.of("loop"));
        Files.createSymbolicLink(inside.resolve("self"), Path.of("/proc/self/root" + outside));
        Files.createSymbolicLink(inside.resolve("proc"), Path.of("/proc/self"));
        Files.createLink(inside.resolve("hard"), outside.resolve("file"));
        assertThat(new ProcessBuilder("mkfifo", inside.resolve("fifo").toString())
                        .start()
                        .waitFor())
                .isZero();
        return inside;
    }

    /** The directory and a link to the outside, in turns, as fast as it goes. */
    private static void swap(Path inside, Path outside, AtomicBoolean stop) {
        try {
            var link = Files.createSymbolicLink(inside.resolve("swapping"), outside);
            while (!stop.get()) {
                Files.move(inside.resolve("swap"), inside.resolve("aside"), StandardCopyOption.ATOMIC_MOVE);
                Files.move(link, inside.resolve("swap"), StandardCopyOption.ATOMIC_MOVE);
                Files.move(inside.resolve("swap"), link, StandardCopyOption.ATOMIC_MOVE);
                Files.move(inside.resolve("aside"), inside.resolve("swap"), StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            // A write with parents may have made the very directory: there is nothing left to swap.
            Thread.currentThread().interrupt();
        }
    }
}
