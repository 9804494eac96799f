package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Runs the cases of {@code src/test/openai/client.mjs}, with the client that its lock file pins. */
final class NodeClient {
    private static final Path HOME = Packaged.project().resolve("native-build/src/test/openai");
    private static final Duration MOST = Duration.ofMinutes(3);

    private NodeClient() {}

    /** Installs the client where that has not been done since the lock file changed. Without Node.js, tests say so. */
    static NodeClient installed() {
        if (!works("node", "--version") || !works("npm", "--version")) {
            var reason = "needs Node.js with npm: apt-get install nodejs npm";
            System.out.println("SKIPPED: " + reason);
            Assumptions.abort(reason);
        }
        var installed = HOME.resolve("node_modules/.package-lock.json");
        try {
            var lock = HOME.resolve("package-lock.json");
            if (!Files.exists(installed)
                    || Files.getLastModifiedTime(installed).compareTo(Files.getLastModifiedTime(lock)) < 0) {
                var log = Files.createTempFile("npm-ci", ".log");
                int code = end(start(log, "npm", "ci", "--no-audit", "--no-fund"));
                assertThat(code).as("npm ci: %s", Files.readString(log)).isZero();
                Files.delete(log);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new NodeClient();
    }

    /** Begins a case. */
    Running begin(int port, String name) {
        try {
            var log = Files.createTempFile("openai-client", ".log");
            var process = start(log, "node", "client.mjs", "http://127.0.0.1:" + port + "/v1", name);
            return new Running(name, process, log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A case under way. */
    record Running(String name, Process process, Path file) {
        void awaitLine(String line) {
            await().atMost(MOST)
                    .pollInterval(Duration.ofMillis(10))
                    .failFast(() -> assertThat(process.isAlive()).as(log()).isTrue())
                    .until(() -> log().lines().anyMatch(line::equals));
        }

        /** What the case learned; it has to end well. */
        JsonNode result() {
            int code = end(process);
            var output = log();
            assertThat(code).as("the case %s: %s", name, output).isZero();
            var lines = output.lines().toList();
            return Api.json(lines.getLast());
        }

        private String log() {
            try {
                return Files.readString(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static boolean works(String... command) {
        try {
            var log = Files.createTempFile("works", ".log");
            int code = end(start(log, command));
            Files.delete(log);
            return code == 0;
        } catch (IOException notThere) {
            return false;
        }
    }

    private static Process start(Path log, String... command) throws IOException {
        return new ProcessBuilder(List.of(command))
                .directory(HOME.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    private static int end(Process process) {
        try {
            if (!process.waitFor(MOST.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("it did not end within " + MOST);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
