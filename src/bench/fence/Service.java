import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** The packaged service, with a data directory of its own. */
final class Service implements AutoCloseable {
    private static final String JOB = """
            {"capability": "ShellExec", "arguments": {"cmd": "true"}, "profile": "bench"}""";

    private final HttpClient client = HttpClient.newHttpClient();
    private final Path directory;
    private final Process process;
    private final URI address;

    Service() throws IOException, InterruptedException {
        directory = Files.createTempDirectory("ringfence-bench");
        Files.writeString(directory.resolve("bench.toml"), """
                [slm.sandbox_profiles.bench.resources]
                max_memory_mb = 512
                max_cpu_cores = %d
                max_io_bandwidth_mbps = 0
                [slm.sandbox_profiles.bench.process_limits]
                max_child_processes = 32
                process_priority = 0
                """.formatted(Runtime.getRuntime().availableProcessors()));
        int port = freePort();
        address = URI.create("http://127.0.0.1:" + port);
        var java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        process = new ProcessBuilder(List.of(
                        java,
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+UseSerialGC",
                        // The load comes from this host, which the guard would take for a busy neighbour.
                        "-Dringfence.guard.enabled=false",
                        "-jar",
                        System.getenv("RINGFENCE_BENCH_APPLICATION"),
                        "serve",
                        "--config",
                        directory.resolve("bench.toml").toString(),
                        "--data",
                        directory.resolve("data").toString(),
                        "--host",
                        "127.0.0.1",
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
        try {
            var request = HttpRequest.newBuilder(address.resolve("/q/health/ready")).build();
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notListening) {
            return false;
        }
    }

    /** Runs {@code true} as a job and returns with its result. */
    void job() throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(address.resolve("/api/v1/jobs"))
                .header("Content-Type", "application/json")
                .header("Prefer", "wait=30")
                .POST(HttpRequest.BodyPublishers.ofString(JOB))
                .build();
        var response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200 || !response.body().contains("\"exit_code\":0")) {
            throw new IllegalStateException(response.statusCode() + " " + response.body());
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        client.close();
        process.destroy();
        process.waitFor();
        try (var all = Files.walk(directory)) {
            for (var path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
