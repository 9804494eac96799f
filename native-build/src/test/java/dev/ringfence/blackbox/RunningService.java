package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged service as a process of its own, on a free port, with its data and its log where a test says. */
final class RunningService implements AutoCloseable {
    private static final Duration STOP = Duration.ofMinutes(2);

    /** Makes what it starts the first process of a process namespace, and ends that with itself. */
    private static final List<String> NAMESPACE =
            List.of("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--");

    private final Process process;
    private final Path log;
    private final int port;
    private final boolean first;

    private RunningService(Process process, Path log, int port, boolean first) {
        this.process = process;
        this.log = log;
        this.port = port;
        this.first = first;
    }

    /** Starts the service and waits until it is ready. */
    static RunningService start(Path data, Path catalog) {
        return start(data, catalog, Map.of());
    }

    static RunningService start(Path data, Path catalog, Map<String, String> environment) {
        return ready(launch(data, catalog, freePort(), environment));
    }

    /** Starts the service as the first process of a process namespace of its own. */
    static RunningService startAsFirstProcess(Path data, Path catalog, Map<String, String> environment) {
        return ready(launch(NAMESPACE, true, data, catalog, freePort(), environment));
    }

    /** Starts the service with SIGHUP handled by default or ignored, whatever the tests were started with. */
    static RunningService startWithHangUp(String how, Path data, Path catalog) {
        return ready(launch(List.of("env", "--" + how + "-signal=HUP"), false, data, catalog, freePort(), Map.of()));
    }

    private static RunningService ready(RunningService service) {
        try {
            service.awaitReady();
        } catch (RuntimeException | Error e) {
            service.close();
            throw e;
        }
        return service;
    }

    /** Starts the service and returns at once. */
    static RunningService launch(Path data, Path catalog, int port, Map<String, String> environment) {
        return launch(List.of(), false, data, catalog, port, environment);
    }

    private static RunningService launch(
            List<String> launcher, boolean first, Path data, Path catalog, int port, Map<String, String> environment) {
        try {
            var log = Files.createTempFile("ringfence-service", ".log");
            var arguments = List.of(
                    "serve",
                    "--config",
                    catalog.toString(),
                    "--data",
                    data.toString(),
                    "--host",
                    "127.0.0.1",
                    "--port",
                    Integer.toString(port));
            // What else runs on the machine is none of the tests' matter.
            var all = new HashMap<>(Map.of("RINGFENCE_GUARD_ENABLED", "false"));
            all.putAll(environment);
            return new RunningService(Cli.start(launcher, all, arguments, log, log), log, port, first);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitReady() {
        await("the service is ready")
                .pollInterval(Duration.ofMillis(20))
                .failFast(() -> assertThat(process.isAlive())
                        .as("the service lives: %s", log())
                        .isTrue())
                .until(this::isReady);
    }

    private boolean isReady() {
        try {
            return api().status("/q/health/ready") == 200;
        } catch (UncheckedIOException notListening) {
            return false;
        }
    }

    Api api() {
        return new Api(URI.create("http://127.0.0.1:" + port));
    }

    int port() {
        return port;
    }

    long pid() {
        return service().pid();
    }

    private ProcessHandle service() {
        return first ? process.children().findFirst().orElseGet(process::toHandle) : process.toHandle();
    }

    /** All processes of the namespace that the service is the first process of, as {@code ps} shows them. */
    List<String> processes() {
        return execute("ps -e -o stat=,args= | grep -v 'ps -e -o\\|grep -v'")
                .lines()
                .map(String::strip)
                .sorted()
                .toList();
    }

    /** Runs a shell command in the namespace that the service is the first process of; its output. */
    String execute(String command) {
        try {
            var shell = new ProcessBuilder(
                            "nsenter", "--target", Long.toString(pid()), "--pid", "--mount", "--", "sh", "-c", command)
                    .redirectErrorStream(true)
                    .start();
            try (var output = shell.getInputStream()) {
                var said = new String(output.readAllBytes(), StandardCharsets.UTF_8);
                assertThat(shell.waitFor()).as(said).isZero();
                return said;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** All that the service wrote to stdout and stderr. */
    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL: the service gets no chance to do anything. */
    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** SIGTERM; returns at once. */
    void terminate() {
        service().destroy();
    }

    /** SIGHUP. */
    void hangUp() throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-HUP", Long.toString(pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    /** The exit code, once the process has ended. */
    int awaitEnd() {
        try {
            assertThat(process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS))
                    .as("the service ends within %s: %s", STOP, log())
                    .isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Politely, so that nothing of a test's jobs stays behind. */
    @Override
    public void close() {
        terminate();
        try {
            if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            Files.deleteIfExists(log);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
