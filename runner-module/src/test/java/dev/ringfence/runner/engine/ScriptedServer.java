package dev.ringfence.runner.engine;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** A server on a unix socket that does to its one client whatever the test's script says. */
final class ScriptedServer implements Closeable {
    private final ServerSocketChannel listener;
    private final Path socket;
    private final CompletableFuture<String> request = new CompletableFuture<>();
    private final CompletableFuture<Void> hungUp = new CompletableFuture<>();

    interface Script {
        void play(SocketChannel client) throws IOException;
    }

    ScriptedServer(Path directory, Script script) throws IOException {
        socket = directory.resolve("s.sock");
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().name("scripted-server").start(() -> serve(script));
    }

    Path socket() {
        return socket;
    }

    /** What the client sent. */
    CompletableFuture<String> request() {
        return request;
    }

    /** Done once the client has gone. */
    CompletableFuture<Void> hungUp() {
        return hungUp;
    }

    private void serve(Script script) {
        try (var client = listener.accept()) {
            request.complete(readRequest(client));
            script.play(client);
        } catch (IOException e) {
            hungUp.complete(null);
        }
    }

    private static String readRequest(SocketChannel client) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var buffer = ByteBuffer.allocate(4096);
        while (true) {
            var text = bytes.toString(StandardCharsets.UTF_8);
            int end = text.indexOf("\r\n\r\n");
            if (end >= 0) {
                var length = text.replaceFirst("(?s).*Content-Length: ([0-9]+).*", "$1");
                int body = length.equals(text) ? 0 : Integer.parseInt(length);
                if (bytes.size() >= end + 4 + body) {
                    return text;
                }
            }
            if (client.read(buffer.clear()) < 0) {
                throw new IOException("hung up");
            }
            bytes.write(buffer.array(), 0, buffer.position());
        }
    }

    static void send(SocketChannel client, String text) throws IOException {
        var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            client.write(bytes);
        }
    }

    /** Returns when the client hangs up. */
    static void awaitHangUp(SocketChannel client) throws IOException {
        while (client.read(ByteBuffer.allocate(64)) >= 0) {
            // Whatever it says, the server does not listen.
        }
        throw new IOException("hung up");
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
