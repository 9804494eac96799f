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

/** The packaged service as a process of its own. */
final class Service implements AutoCloseable {
    private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]+)\"");

    private final HttpClient client = HttpClient.newHttpClient();
    private final Process process;
    private final int port;

    Service(int stallSeconds) throws Exception {
        var directory = Files.createTempDirectory("ringfence-bench");
        var catalog = Files.writeString(directory.resolve("bench.toml"), """
                [slm]
                default_sandbox_profile = "bench"
                [slm.sandbox_profiles.bench.process_limits]
                max_child_processes = 8
                max_execution_time_seconds = 600
                process_priority = 0
                """);
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+UseSerialGC",
                        // The load comes from this host, which the guard would take for a busy neighbour.
                        "-Dringfence.guard.enabled=false",
                        "-Dringfence.http.stall-limit=" + stallSeconds + "s",
                        "-Dringfence.jobs.event-buffer=16777216",
                        "-Dringfence.jobs.default-deadline=600s",
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
        // So that both jobs find it: the one that waits opens it for reading.
        awaitEnd(submit("mkfifo $RINGFENCE_WORKSPACE/go"));
    }

    private boolean isReady() throws InterruptedException {
        try {
            return get("/q/health/ready").statusCode() == 200;
        } catch (IOException notListening) {
            return false;
        }
    }

    int port() {
        return port;
    }

    /** The id of a shell job. */
    String submit(String command) throws Exception {
        var body = "{\"capability\":\"ShellExec\",\"deadline_seconds\":600,\"arguments\":{\"timeout\":300,\"cmd\":\""
                + command.replace("\\", "\\\\").replace("\"", "\\\"") + "\"}}";
        var request = HttpRequest.newBuilder(address("/api/v1/jobs"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        var id = ID.matcher(answer.body());
        if (answer.statusCode() != 202 || !id.find()) {
            throw new IllegalStateException(answer.statusCode() + " " + answer.body());
        }
        return id.group(1);
    }

    void awaitEnd(String job) throws Exception {
        while (true) {
            var body = get("/api/v1/jobs/" + job).body();
            if (body.contains("\"state\":\"completed\"")) {
                return;
            }
            if (!body.contains("\"state\":\"started\"") && !body.contains("\"state\":\"submitted\"")) {
                throw new IllegalStateException(body.substring(0, Math.min(1000, body.length())));
            }
            Thread.sleep(50);
        }
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(address(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private URI address(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** Bytes, as the kernel tells: {@code VmRSS} now, or {@code VmHWM} the most so far. */
    long memory(String what) throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith(what + ":")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IllegalStateException("no " + what);
    }

    @Override
    public void close() throws InterruptedException {
        client.close();
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
