package dev.ringfence.api.rest.openai;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;

/** A service elsewhere, on this host's loopback, which answers one request after the other as a test says. */
final class ScriptedService {
    private final HttpServer server;
    private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
    private final List<String> heard = new CopyOnWriteArrayList<>();

    private record Reply(int status, String body) {}

    ScriptedService() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                heard.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
                var reply = replies.isEmpty() ? new Reply(500, "{}") : replies.remove();
                var bytes = reply.body().getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders()
                        .add("Content-Type", reply.status() == 200 ? "text/event-stream" : "application/json");
                exchange.sendResponseHeaders(reply.status(), bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        });
        server.start();
    }

    /** A catalog with this service as the models {@code custom}, {@code openai} and {@code anthropic}, tried once. */
    Path catalog() {
        try {
            var directory = Files.createTempDirectory("ringfence-scripted");
            var key = Files.writeString(directory.resolve("key"), "a-key");
            key.toFile().setReadable(false, false);
            key.toFile().setReadable(true, true);
            var address = "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
            var rest = "max_retries = 0, api_key_file = '" + key + "'";
            return Files.writeString(
                    directory.resolve("catalog.toml"),
                    model("custom", "Custom = { endpoint_url = '%s', %s }".formatted(address, rest))
                            + model(
                                    "openai",
                                    "OpenAI = { model_name = 'gpt', base_url = '%s', %s }".formatted(address, rest))
                            + model(
                                    "anthropic",
                                    "Anthropic = { model_name = 'c', base_url = '%s', %s }".formatted(address, rest))
                            + model("here", "LocalFile = { file_path = '/nowhere/here.gguf' }")
                            + "resource_requirements = { min_memory_mb = 64 }\n"
                            + model("gone", "Custom = { endpoint_url = 'http://127.0.0.1:1/v1', max_retries = 0 }"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String model(String id, String provider) {
        return """
                [[slm.model_allow_lists.global_models]]
                id = "%s"
                provider = { %s }
                capabilities = ["TextGeneration"]
                """.formatted(id, provider);
    }

    /** The next answer: chunks of OpenAI's stream, to which counts and the end are added. */
    void streams(String... chunks) {
        var body = new StringBuilder();
        for (var chunk : chunks) {
            body.append("data: ").append(chunk).append("\n\n");
        }
        body.append("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n");
        replies.add(new Reply(200, body.append("data: [DONE]\n\n").toString()));
    }

    /** The next answer, as it is. */
    void answers(int status, String body) {
        replies.add(new Reply(status, body));
    }

    /** The body of the newest request. */
    String lastHeard() {
        return heard.getLast();
    }
}
