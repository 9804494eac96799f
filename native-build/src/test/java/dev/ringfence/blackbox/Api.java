package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** A client of the native API that knows nothing but HTTP and JSON. */
final class Api {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> LIVE = Set.of("submitted", "started");
    private static final Duration MOST = Duration.ofMinutes(2);

    private final URI base;
    private final Optional<String> key;

    Api(URI base) {
        this(base, Optional.empty());
    }

    private Api(URI base, Optional<String> key) {
        this.base = base;
        this.key = key;
    }

    /** The same, for who has that key. */
    Api as(String apiKey) {
        return new Api(base, Optional.of(apiKey));
    }

    HttpResponse<String> get(String path) {
        return send(request(path).GET());
    }

    int status(String path) {
        return get(path).statusCode();
    }

    HttpResponse<String> delete(String path) {
        return send(request(path).DELETE());
    }

    HttpResponse<String> post(String path, String body, String... headers) {
        var request = request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request);
    }

    /** Submits a shell job and returns its id. */
    String submitShell(String command, Consumer<ObjectNode> more) {
        var response = post("/api/v1/jobs", shell(command, more));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
        return json(response.body()).path("id").textValue();
    }

    /** Runs a shell job to its end and returns the job. */
    JsonNode runShell(String command, Consumer<ObjectNode> more) {
        return awaitEnd(submitShell(command, more));
    }

    JsonNode runShell(String command) {
        return runShell(command, job -> {});
    }

    static String shell(String command, Consumer<ObjectNode> more) {
        var job = JSON.createObjectNode();
        job.put("capability", "ShellExec");
        job.putObject("arguments").put("cmd", command);
        more.accept(job);
        return job.toString();
    }

    static String generate(String prompt, int maxTokens) {
        var job = JSON.createObjectNode();
        job.put("capability", "GenerateText");
        job.putObject("arguments").put("model", "tiny").put("prompt", prompt).put("max_tokens", maxTokens);
        return job.toString();
    }

    JsonNode job(String id) {
        var response = get("/api/v1/jobs/" + id);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return json(response.body());
    }

    String state(String id) {
        return job(id).path("state").asText();
    }

    JsonNode awaitEnd(String id) {
        return await().pollInterval(Duration.ofMillis(20))
                .until(() -> job(id), job -> !LIVE.contains(job.path("state").asText()));
    }

    JsonNode awaitState(String id, String state) {
        return await().pollInterval(Duration.ofMillis(10))
                .until(() -> job(id), job -> job.path("state").asText().equals(state));
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    private HttpRequest.Builder request(String path) {
        var request = HttpRequest.newBuilder(base.resolve(path)).timeout(MOST);
        key.ifPresent(proof -> request.header("Authorization", "Bearer " + proof));
        return request;
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return HTTP.send(request.build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
