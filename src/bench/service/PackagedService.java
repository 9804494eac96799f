package service;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * The packaged service as a process of its own, on loopback and with a data directory that goes with it: the native form
 * if the environment names it. Thread-safe.
 */
public final class PackagedService implements AutoCloseable {
    private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]+)\"");

    private final HttpClient client = HttpClient.newHttpClient();
    private final Path directory;
    private final Process process;
    private final int port;

    /**
     * Returns when the service is ready.
     *
     * @param catalog its TOML text
     * @param settings such as {@code ringfence.jobs.concurrency=4}
     */
    public PackagedService(String catalog, String... settings) throws IOException, InterruptedException {
        directory = Files.createTempDirectory("ringfence-bench");
        port = freePort();
        var command = program();
        // The load comes from this host, which the guard would take for a busy neighbour.
        command.add("-Dringfence.guard.enabled=false");
        for (var setting : settings) {
            command.add("-D" + setting);
        }
        if (!isNative()) {
            command.addAll(List.of("-jar", System.getenv("RINGFENCE_BENCH_APPLICATION")));
        }
        command.addAll(List.of(
                "serve",
                "--config",
                Files.writeString(directory.resolve("bench.toml"), catalog).toString(),
                "--data",
                directory.resolve("data").toString(),
                "--port",
                Integer.toString(port)));
        process = new ProcessBuilder(command)
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

    private static List<String> program() {
        return isNative()
                ? new ArrayList<>(List.of(System.getenv("RINGFENCE_BENCH_NATIVE")))
                : new ArrayList<>(List.of(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+UseSerialGC"));
    }

    private static boolean isNative() {
        return System.getenv("RINGFENCE_BENCH_NATIVE") != null;
    }

    /** {@code native} or {@code JVM}. */
    public static String form() {
        return isNative() ? "native" : "JVM";
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private boolean isReady() throws InterruptedException {
        try {
            return get("/q/health/ready").statusCode() == 200;
        } catch (IOException notListening) {
            return false;
        }
    }

    /** Where it listens on loopback. */
    public int port() {
        return port;
    }

    /** Asks for something. */
    public HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(address(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Submits a job; with {@code wait} the answer comes with its end. */
    public HttpResponse<String> submit(String job, boolean wait) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(address("/api/v1/jobs"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(job));
        if (wait) {
            request.header("Prefer", "wait=120");
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** The id in an answer to a submission, which must have been accepted. */
    public static String id(HttpResponse<String> answer) {
        var id = ID.matcher(answer.body());
        if (answer.statusCode() != 202 || !id.find()) {
            throw new IllegalStateException(answer.statusCode() + " " + answer.body());
        }
        return id.group(1);
    }

    private URI address(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** Bytes, as the kernel tells: {@code VmRSS} now, or {@code VmHWM} the most so far. */
    public long memory(String what) throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith(what + ":")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IllegalStateException("no " + what);
    }

    @Override
    public void close() throws IOException, InterruptedException {
        client.close();
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        Scratch.delete(directory);
    }
}
