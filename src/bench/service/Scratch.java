package service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/** Directories that go with a benchmark. */
public final class Scratch {
    private Scratch() {}

    /** A new one not in /tmp, which is often in memory: beside the sources, or where RINGFENCE_BENCH_DIRECTORY says. */
    public static Path onDisk(String prefix) throws IOException {
        var parent = System.getenv()
                .getOrDefault(
                        "RINGFENCE_BENCH_DIRECTORY", System.getenv().getOrDefault("RINGFENCE_BENCH_PROGRAMS", "."));
        return Files.createTempDirectory(Path.of(parent), prefix).toAbsolutePath();
    }

    /** With all that is in it; nothing when it is not there. */
    public static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
