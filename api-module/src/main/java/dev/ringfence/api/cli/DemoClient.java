package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.function.BiConsumer;

/** A small client of the service's HTTP API. */
final class DemoClient implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final URI base;

    DemoClient(URI base) {
        this.base = base;
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(base.resolve(path)).build();
        return json(http.send(request, HttpResponse.BodyHandlers.ofString()));
    }

    /** Runs a job and returns it when it has ended. */
    JsonNode run(JsonNode job) throws IOException, InterruptedException {
        var request = submission(job).header("Prefer", "wait=120").build();
        return json(http.send(request, HttpResponse.BodyHandlers.ofString()));
    }

    /**
     * Runs a job and hears its events as they come.
     *
     * @param heard gets each event's name and data
     */
    void stream(JsonNode job, BiConsumer<String, JsonNode> heard) throws IOException, InterruptedException {
        var request = submission(job).header("Accept", "text/event-stream").build();
        var response = http.send(request, HttpResponse.BodyHandlers.ofLines());
        try (var lines = response.body()) {
            String name = "";
            for (var iterator = lines.iterator(); iterator.hasNext(); ) {
                String line = iterator.next();
                if (line.startsWith("event:")) {
                    name = line.substring("event:".length()).strip();
                } else if (line.startsWith("data:")) {
                    heard.accept(name, MAPPER.readTree(line.substring("data:".length())));
                } else if (response.statusCode() != 200) {
                    throw new IOException("the service answered " + response.statusCode() + ": " + line);
                }
            }
        }
    }

    private HttpRequest.Builder submission(JsonNode job) {
        return HttpRequest.newBuilder(base.resolve("/api/v1/jobs"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(job.toString()));
    }

    private static JsonNode json(HttpResponse<String> response) throws IOException {
        if (response.statusCode() >= 400) {
            throw new IOException("the service answered " + response.statusCode() + ": " + response.body());
        }
        return MAPPER.readTree(response.body());
    }

    @Override
    public void close() {
        http.close();
    }
}
