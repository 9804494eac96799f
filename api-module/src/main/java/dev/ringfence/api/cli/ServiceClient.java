package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * A client of a running service. What goes wrong is a {@link CommandFailure} that says what to do, with the exit code
 * that fits.
 */
final class ServiceClient implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Duration CONNECT = Duration.ofSeconds(10);

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .build();
    private final URI base;
    private final Optional<String> key;

    /**
     * Connects with the first request.
     *
     * @param key what the caller proves itself with
     */
    ServiceClient(URI base, Optional<String> key) {
        this.base = base;
        this.key = key;
    }

    JsonNode get(String path, String... headers) {
        return json(request(path, headers).GET().build());
    }

    /** How the service is, also when it is not ready. */
    JsonNode health() {
        var response = send(request("/q/health").GET().build(), BodyHandlers.ofString());
        if (response.statusCode() == 200 || response.statusCode() == 503) {
            var health = parse(response.body());
            if (health.has("checks")) {
                return health;
            }
        }
        throw refused(response, response.body());
    }

    JsonNode delete(String path) {
        return json(request(path).DELETE().build());
    }

    /** With a JSON body, or without any when it is empty. */
    JsonNode post(String path, String body, String... headers) {
        return json(posting(path, body, headers).build());
    }

    /** Runs a job and returns it when it has ended. */
    JsonNode run(JsonNode job) {
        return post("/api/v1/jobs", job.toString(), "Prefer", "wait=600");
    }

    /**
     * Runs a job and hears its events as they come, up to its end.
     *
     * @param heard gets each event's name and data
     * @throws CommandFailure also when the stream breaks off before the job's end
     */
    void stream(JsonNode job, BiConsumer<String, JsonNode> heard) {
        var response = send(
                posting("/api/v1/jobs", job.toString(), "Accept", "text/event-stream")
                        .build(),
                BodyHandlers.ofLines());
        try (Stream<String> lines = response.body()) {
            if (response.statusCode() != 200) {
                throw refused(response, String.join("\n", lines.toList()));
            }
            var last = events(lines, heard);
            if (!last.has("ended_at")) {
                throw brokenOff(last.path("id").asText());
            }
        }
    }

    /** The job as the last event had it that told of its state; nothing when none did. */
    private JsonNode events(Stream<String> lines, BiConsumer<String, JsonNode> heard) {
        JsonNode last = MissingNode.getInstance();
        String name = "";
        try {
            for (var iterator = lines.iterator(); iterator.hasNext(); ) {
                String line = iterator.next();
                if (line.startsWith("event:")) {
                    name = line.substring("event:".length()).strip();
                } else if (line.startsWith("data:")) {
                    var data = parse(line.substring("data:".length()));
                    last = data.has("job") ? data.path("job") : last;
                    heard.accept(name, data);
                }
            }
        } catch (UncheckedIOException e) {
            // As if it had ended here: either way it is the end of the job that is missing.
        }
        return last;
    }

    private CommandFailure brokenOff(String job) {
        return new CommandFailure(
                ExitCodes.UNAVAILABLE,
                "the connection to " + base + " broke off before the job ended; "
                        + (job.isEmpty()
                                ? "`ringfence jobs` shows whether it was submitted"
                                : "`ringfence logs --follow " + job + "` goes on"));
    }

    /** A part of a path, whatever characters it has. */
    static String part(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HttpRequest.Builder posting(String path, String body, String... headers) {
        var request = request(path, headers);
        return body.isEmpty()
                ? request.POST(HttpRequest.BodyPublishers.noBody())
                : request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
    }

    private HttpRequest.Builder request(String path, String... headers) {
        var request = HttpRequest.newBuilder(base.resolve(path));
        key.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        return headers.length == 0 ? request : request.headers(headers);
    }

    private JsonNode json(HttpRequest request) {
        var response = send(request, BodyHandlers.ofString());
        if (response.statusCode() >= 400) {
            throw refused(response, response.body());
        }
        return parse(response.body());
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> body) {
        try {
            return http.send(request, body);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.UNAVAILABLE,
                    "no service answers at " + base + " (" + e
                            + "); start one with `ringfence serve`, or say with --url or RINGFENCE_URL where it is");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCodes.FAILED, "interrupted");
        }
    }

    private CommandFailure refused(HttpResponse<?> response, String body) {
        int status = response.statusCode();
        var problem = problem(body);
        var message = "the service at " + base + " answered " + status + " " + problem;
        int code = ExitCodes.refused(status);
        var remedy = switch (code) {
            case ExitCodes.NO_PERMISSION -> key.isEmpty() ? "; give a key with --key-file or RINGFENCE_API_KEY" : "";
            case ExitCodes.TRY_LATER ->
                response.headers()
                        .firstValue("Retry-After")
                        .map(seconds -> "; try again in " + seconds + " s")
                        .orElse("");
            default -> "";
        };
        return new CommandFailure(code, message + remedy);
    }

    private static String problem(String body) {
        try {
            var json = MAPPER.readTree(body);
            var said = new StringBuilder(json.path("title").asText())
                    .append(": ")
                    .append(json.path("detail").asText());
            json.path("errors").forEach(error -> said.append("\n  ").append(error.asText()));
            return said.toString();
        } catch (IOException e) {
            return body;
        }
    }

    private JsonNode parse(String body) {
        try {
            return MAPPER.readTree(body);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.FAILED, "what answers at " + base + " is no Ringfence service: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
