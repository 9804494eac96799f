package dev.ringfence.runner.files;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A process that writes a file, from which another process takes the descriptors when the content is written. */
final class LastDescriptor {
    private static final int SIZE = 100_000;

    private LastDescriptor() {}

    /** Arguments: the root, and the place of the backups. */
    public static void main(String[] arguments) {
        var in = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
        var root = new FileRoot("workspace", Path.of(arguments[0]), FileRoots.WORK, true);
        var writes = new FileWrites(
                new Backups(Path.of(arguments[1]), 1 << 20, Duration.ofDays(1)), new CriticalFiles(List.of()));
        // What it needs later is loaded now, and how often a write looks whether to go on is counted.
        var looks = new AtomicInteger();
        System.out.println(write(writes, root, "early", looks::incrementAndGet));
        System.out.println(write(writes, root, "missing/early", () -> {}));
        System.out.println(write(writes, root, "late", () -> {
            if (looks.decrementAndGet() == 0) {
                System.out.println("written");
                awaitLine(in);
            }
        }));
    }

    private static String write(FileWrites writes, FileRoot root, String path, Checkpoint checkpoint) {
        try {
            var author = new FileWrites.Author(path.replace('/', '-'), "tester", Optional.empty());
            var change = new Change(root, FilePath.parse(path, root), new byte[SIZE], Change.Mode.CREATE, false);
            return writes.write(author, change, checkpoint).toString();
        } catch (Refused e) {
            return e.type() + ": " + e.getMessage();
        }
    }

    private static void awaitLine(BufferedReader in) {
        try {
            in.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
