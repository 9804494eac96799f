package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged command line, run to its end. */
final class Cli {
    private static final long SECONDS = 90;

    private Cli() {}

    static Result run(String... arguments) {
        return run(Map.of(), arguments);
    }

    static Result run(Map<String, String> environment, String... arguments) {
        try {
            var stdout = Files.createTempFile("ringfence-cli", ".out");
            var stderr = Files.createTempFile("ringfence-cli", ".err");
            try {
                var process = start(environment, List.of(arguments), stdout, stderr);
                var ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
                if (!ended) {
                    process.destroyForcibly().waitFor();
                }
                var result = new Result(process.exitValue(), Files.readString(stdout), Files.readString(stderr));
                assertThat(ended)
                        .as("%s ended within %d s: %s", List.of(arguments), SECONDS, result)
                        .isTrue();
                return result;
            } finally {
                Files.delete(stdout);
                Files.delete(stderr);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Without any of this process's own RINGFENCE settings but where the engine is. */
    static Process start(Map<String, String> environment, List<String> arguments, Path stdout, Path stderr)
            throws IOException {
        return start(List.of(), environment, arguments, stdout, stderr);
    }

    /** @param launcher a program with its arguments that starts the command line; empty for none */
    static Process start(
            List<String> launcher, Map<String, String> environment, List<String> arguments, Path stdout, Path stderr)
            throws IOException {
        var command = new ArrayList<>(launcher);
        command.addAll(Packaged.command(arguments));
        var builder = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(stdout.toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(stderr.toFile()));
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("RINGFENCE_") && !name.equals("RINGFENCE_LLAMA_PREFIX"));
        builder.environment().put("RINGFENCE_HOME", Packaged.project().toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** How a command ended and what it said. */
    record Result(int exitCode, String stdout, String stderr) {}
}
