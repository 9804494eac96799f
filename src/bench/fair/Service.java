import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The packaged service with few slots, as a process of its own. */
final class Service implements AutoCloseable {
    private static final Pattern LIVE = Pattern.compile("\"jobs\":\\{\"live\":(\\d+)}");

    private final Process process;
    private final URI address;

    Service(int slots) throws Exception {
        var directory = Files.createTempDirectory("ringfence-bench");
        var catalog = Files.writeString(directory.resolve("bench.toml"), """
                [slm]
                default_sandbox_profile = "bench"
                [slm.sandbox_profiles.bench.process_limits]
                max_child_processes = 8
                process_priority = 0
                """);
        int port;
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        address = URI.create("http://127.0.0.1:" + port);
        process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+UseSerialGC",
                        // The load comes from this host, which the guard would take for a busy neighbour.
                        "-Dringfence.guard.enabled=false",
                        "-Dringfence.jobs.concurrency=" + slots,
                        "-jar",
                        System.getenv("RINGFENCE_BENCH_APPLICATION"),
                        "serve",
                        "--config",
                        catalog.toString(),
                        "--data",
                        directory.resolve("data").toString(),
                        "--port",
                        Integer.toString(port)))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        while (!isReady()) {
            if (!process.isAlive()) {
                throw new IllegalStateException(Files.readString(directory.resolve("log")));
            }
            Thread.sleep(100);
        }
    }

    private boolean isReady() throws InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(address.resolve("/q/health/ready")).build();
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notListening) {
            return false;
        }
    }

    /** The status of the answer. */
    int submit(HttpClient client, String job, boolean wait) {
        var request = HttpRequest.newBuilder(address.resolve("/api/v1/jobs"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(job));
        if (wait) {
            request.header("Prefer", "wait=120");
        }
        return send(client, request.build()).statusCode();
    }

    /** Jobs that run or wait. */
    int live(HttpClient client) {
        var body = send(client, HttpRequest.newBuilder(address.resolve("/api/v1/telemetry")).build()).body();
        var found = LIVE.matcher(body);
        if (!found.find()) {
            throw new IllegalStateException(body);
        }
        return Integer.parseInt(found.group(1));
    }

    private static HttpResponse<String> send(HttpClient client, HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
