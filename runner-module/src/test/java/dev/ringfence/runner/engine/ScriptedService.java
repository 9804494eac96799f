package dev.ringfence.runner.engine;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.ringfence.catalog.RemoteAccess;
import dev.ringfence.catalog.RemoteAccess.ApiKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/** A service on this host that does to each request what the next of the test's scripts says. */
final class ScriptedService implements AutoCloseable {
    private final HttpServer server;
    private final List<Script> scripts = new CopyOnWriteArrayList<>();
    private final List<Heard> heard = new CopyOnWriteArrayList<>();
    private final CountDownLatch over = new CountDownLatch(1);

    interface Script {
        void answer(HttpExchange exchange) throws IOException, InterruptedException;
    }

    record Heard(String path, String authorization, String body) {}

    ScriptedService() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::serve);
        server.start();
    }

    void script(Script... answers) {
        scripts.addAll(List.of(answers));
    }

    /** The requests so far. */
    List<Heard> heard() {
        return heard;
    }

    /** Returns when the test is over. */
    void awaitOver() throws InterruptedException {
        over.await();
    }

    RemoteAccess access(ApiKey key, int retries, Duration silence) {
        var url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1");
        return new RemoteAccess(url, key, Duration.ofSeconds(5), silence, retries, 4);
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            heard.add(new Heard(
                    exchange.getRequestURI().getPath(),
                    String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")),
                    body));
            scripts.removeFirst().answer(exchange);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static Script sse(String events) {
        return answer(200, "text/event-stream", events);
    }

    static Script json(String body) {
        return answer(200, "application/json", body);
    }

    static Script status(int status, String retryAfter, String message) {
        return exchange -> {
            if (!retryAfter.isEmpty()) {
                exchange.getResponseHeaders().add("Retry-After", retryAfter);
            }
            answer(status, "application/json", "{\"error\":{\"message\":\"" + message + "\"}}")
                    .answer(exchange);
        };
    }

    private static Script answer(int status, String type, String body) {
        return exchange -> {
            var bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", type);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    /** Begins an answer, and then says nothing more and does not hang up. */
    Script hanging(int status, String beginning) {
        return exchange -> {
            exchange.sendResponseHeaders(status, 0);
            exchange.getResponseBody().write(beginning.getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
            over.await();
        };
    }

    @Override
    public void close() {
        over.countDown();
        server.stop(0);
    }
}
