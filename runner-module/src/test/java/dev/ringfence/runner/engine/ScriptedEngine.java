package dev.ringfence.runner.engine;

import dev.ringfence.runner.fence.FenceReport;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.process.CapturedOutput;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Usage;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/** An engine without a process or a model: it is healthy, and otherwise does what the test's script says. */
final class ScriptedEngine implements FencedProcess {
    private final Path root;
    private final Script script;
    private final ServerSocketChannel listener;
    private final CompletableFuture<FencedResult> result = new CompletableFuture<>();

    interface Script {
        /** Answers a request for a path such as {@code /slots}; what it leaves open is closed after it. */
        void answer(String path, SocketChannel client) throws IOException;

        /** Whether the model is loaded, each time that it is asked. */
        default boolean healthy() {
            return true;
        }
    }

    ScriptedEngine(Path root, FencedCommand command, Script script) {
        this.root = root;
        this.script = script;
        try {
            var socket = command.argv().get(command.argv().indexOf("--host") + 1);
            Files.createDirectories(root);
            listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            listener.bind(UnixDomainSocketAddress.of(root.resolve(socket)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().name("scripted-engine").start(this::serve);
    }

    static LlamaServerPool pool(Path root, Script script) {
        return new LlamaServerPool(
                EngineSettings.defaults().withExecutable(Path.of("/bin/true")),
                (FencedCommand command, OutputListener log) -> new ScriptedEngine(root, command, script));
    }

    static LocalModel model() {
        return LlamaForTests.model("scripted", LlamaForTests.modelFile(), LlamaForTests.profile());
    }

    static void send(SocketChannel client, String text) throws IOException {
        ScriptedServer.send(client, text);
    }

    static void sendJson(SocketChannel client, String json) throws IOException {
        send(client, "HTTP/1.1 200 OK\r\nContent-Length: " + json.length() + "\r\n\r\n" + json);
    }

    private void serve() {
        try {
            while (true) {
                var client = listener.accept();
                Thread.ofVirtual().start(() -> answer(client));
            }
        } catch (IOException e) {
            // Closed: the engine has been stopped.
        }
    }

    private void answer(SocketChannel client) {
        try (client) {
            var buffer = ByteBuffer.allocate(64 * 1024);
            client.read(buffer);
            var request = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
            var path = request.substring(request.indexOf(' ') + 1, request.indexOf(" HTTP"));
            if (path.equals("/health")) {
                send(client, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n".formatted(script.healthy() ? "200 OK" : "503"));
            } else {
                script.answer(path, client);
            }
        } catch (IOException e) {
            // The client has gone, which it may.
        }
    }

    @Override
    public boolean owns(int pid) {
        return pid == pid();
    }

    @Override
    public long pid() {
        return 1;
    }

    @Override
    public Path temporary() {
        return root;
    }

    @Override
    public FenceReport report() {
        return new FenceReport("none", List.of());
    }

    @Override
    public long peakMemoryBytes() {
        return 0;
    }

    @Override
    public void stop() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        result.complete(ended(new ProcessEnd.Stopped()));
    }

    /** A program that has used nothing. */
    static FencedResult ended(ProcessEnd how) {
        var nothing = new CapturedOutput(new byte[0], 0);
        return new FencedResult(
                how,
                nothing,
                nothing,
                new Usage(
                        Duration.ZERO,
                        Duration.ZERO,
                        "none",
                        0,
                        Duration.ZERO,
                        "none",
                        0,
                        "none",
                        OptionalLong.empty(),
                        "none"),
                Optional.empty(),
                List.of(),
                new FenceReport("none", List.of()));
    }

    @Override
    public Uni<FencedResult> result() {
        return Uni.createFrom().completionStage(() -> result.copy());
    }
}
