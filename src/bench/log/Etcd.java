package log;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A single etcd on the loopback with its default options. Each record is a put of its own by gRPC, as etcd's own client
 * does it: HTTP/2 without encryption, all writers over a few connections, and the answer counts once its status is known.
 */
final class Etcd implements Load.Target, AutoCloseable {
    private static final int CONNECTIONS = 4;

    private final Process process;
    private final Vertx vertx = Vertx.vertx();
    private final List<HttpClient> clients = new ArrayList<>();
    private final int port;
    private final byte[] payload;

    private Etcd(Path directory, byte[] payload) throws Exception {
        this.payload = payload;
        port = freePort();
        var peer = freePort();
        var client = "http://127.0.0.1:" + port;
        process = new ProcessBuilder(
                        "etcd",
                        "--data-dir=" + directory.resolve("data"),
                        "--listen-client-urls=" + client,
                        "--advertise-client-urls=" + client,
                        "--listen-peer-urls=http://127.0.0.1:" + peer,
                        "--initial-advertise-peer-urls=http://127.0.0.1:" + peer,
                        "--initial-cluster=default=http://127.0.0.1:" + peer)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output").toFile())
                .start();
        for (int i = 0; i < CONNECTIONS; i++) {
            clients.add(vertx.createHttpClient(new HttpClientOptions()
                    .setProtocolVersion(HttpVersion.HTTP_2)
                    .setHttp2ClearTextUpgrade(false)
                    .setHttp2MaxPoolSize(1)
                    .setHttp2MultiplexingLimit(-1)));
        }
        awaitReady(directory);
    }

    /** Returns nothing where there is no etcd. */
    static Load.Result run(Path directory, byte[] payload, int writers, double seconds) throws Exception {
        try {
            Programs.run("etcd", "--version");
        } catch (IOException e) {
            return null;
        }
        try (var etcd = new Etcd(directory, payload)) {
            return Load.run(etcd, writers, seconds);
        }
    }

    private void awaitReady(Path directory) throws Exception {
        for (int i = 0; ; i++) {
            var answer = new java.util.concurrent.CompletableFuture<Throwable>();
            append(0, answer::complete);
            var failure = answer.get(30, TimeUnit.SECONDS);
            if (failure == null) {
                return;
            }
            if (i == 200 || !process.isAlive()) {
                throw new IOException("etcd does not answer: " + Files.readString(directory.resolve("output")), failure);
            }
            Thread.sleep(100);
        }
    }

    @Override
    public void append(int writer, Consumer<Throwable> done) {
        var options = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost("127.0.0.1")
                .setPort(port)
                .setURI("/etcdserverpb.KV/Put")
                .putHeader("content-type", "application/grpc")
                .putHeader("te", "trailers");
        clients.get(writer % CONNECTIONS)
                .request(options)
                .compose(request -> request.send(put(writer)))
                .compose(response -> response.body().map(body -> {
                    var status = response.getTrailer("grpc-status");
                    if (!"0".equals(status)) {
                        throw new IllegalStateException("gRPC status " + status + " " + response.getHeader("grpc-message"));
                    }
                    return body;
                }))
                .onComplete(body -> done.accept(null), done::accept);
    }

    /** A PutRequest: field 1 is the key, field 2 the value; before it gRPC's flag and length. */
    private Buffer put(int writer) {
        var key = ("writer-" + writer).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        var message = Buffer.buffer();
        field(message, 1, key);
        field(message, 2, payload);
        return Buffer.buffer().appendByte((byte) 0).appendInt(message.length()).appendBuffer(message);
    }

    private static void field(Buffer message, int number, byte[] bytes) {
        message.appendByte((byte) (number << 3 | 2));
        var length = bytes.length;
        while (length > 127) {
            message.appendByte((byte) (length & 127 | 128));
            length >>= 7;
        }
        message.appendByte((byte) length).appendBytes(bytes);
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
