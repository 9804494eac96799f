package dev.ringfence.runner.engine;

import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FenceReport;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.process.CapturedOutput;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Stream;
import dev.ringfence.runner.process.Usage;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Namespaces of their own and nothing else: enough of a fence for an engine to live in. */
final class BubblewrapForTests implements FencedProcess {
    private final Process bubblewrap;
    private final ProcessHandle inside;
    private volatile boolean stopped;
    private final CompletableFuture<FencedResult> result = new CompletableFuture<>();

    static FencedProcess start(FencedCommand command, OutputListener listener) {
        var started = new CompletableFuture<FencedProcess>();
        Thread.ofPlatform().daemon().name("bubblewrap").start(() -> {
            try {
                var process = new BubblewrapForTests(command);
                started.complete(process);
                process.watch(listener);
            } catch (IOException | InterruptedException e) {
                started.completeExceptionally(new FenceException.Broken("bubblewrap did not start", e));
            }
        });
        return started.join();
    }

    private BubblewrapForTests(FencedCommand command) throws IOException {
        var line = new ArrayList<>(List.of("bwrap", "--unshare-all", "--die-with-parent", "--new-session"));
        line.addAll(List.of("--cap-drop", "ALL", "--clearenv", "--ro-bind", "/usr", "/usr"));
        line.addAll(List.of("--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"));
        line.addAll(List.of("--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"));
        line.addAll(List.of("--size", "67108864", "--tmpfs", "/tmp"));
        command.environment().forEach((name, value) -> line.addAll(List.of("--setenv", name, value)));
        command.readOnly().forEach(path -> line.addAll(List.of("--ro-bind", path.toString(), path.toString())));
        line.add("--");
        line.addAll(command.argv());
        bubblewrap = new ProcessBuilder(line).redirectErrorStream(true).start();
        bubblewrap.getOutputStream().close();
        inside = firstChild();
    }

    private ProcessHandle firstChild() throws IOException {
        while (bubblewrap.isAlive()) {
            var child = bubblewrap.children().findFirst();
            if (child.isPresent()) {
                return child.get();
            }
            Thread.onSpinWait();
        }
        throw new IOException(
                "ended at once: " + new String(bubblewrap.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    private void watch(OutputListener listener) throws InterruptedException {
        drain(bubblewrap.getInputStream(), listener);
        int code = bubblewrap.waitFor();
        var nothing = new CapturedOutput(new byte[0], 0);
        result.complete(new FencedResult(
                stopped ? new ProcessEnd.Stopped() : new ProcessEnd.Exited(code),
                nothing,
                nothing,
                new Usage(Duration.ZERO, Duration.ZERO, 0, Duration.ZERO, "none"),
                List.of(),
                new FenceReport("test", List.of())));
    }

    private static void drain(InputStream output, OutputListener listener) {
        var buffer = new byte[4096];
        try {
            for (int count = output.read(buffer); count >= 0; count = output.read(buffer)) {
                listener.wrote(Stream.STDERR, Arrays.copyOf(buffer, count));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public long pid() {
        return inside.pid();
    }

    @Override
    public Path root() {
        return Path.of("/proc", String.valueOf(inside.pid()), "root");
    }

    @Override
    public void stop() {
        stopped = true;
        inside.destroyForcibly();
    }

    @Override
    public Uni<FencedResult> result() {
        return Uni.createFrom().completionStage(() -> result.copy());
    }
}
