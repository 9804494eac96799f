package dev.ringfence.runner.abuse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The hostile program, compiled from {@code src/test/c/hostile}. */
final class Hostile {
    private Hostile() {}

    /** Compiles it with the host's C compiler; what is missing is in the failure. */
    static void compile(Path program) {
        var command = new ArrayList<>(List.of("gcc", "-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror"));
        command.addAll(List.of("-pthread", "-o", program.toString()));
        try (var sources = Files.newDirectoryStream(Path.of("src/test/c/hostile"), "*.c")) {
            sources.forEach(source -> command.add(source.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        command.add("-lrt");
        var _ = Commands.run(command.toArray(String[]::new));
    }
}
