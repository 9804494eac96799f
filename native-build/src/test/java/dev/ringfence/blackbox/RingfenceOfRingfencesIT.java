package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One service whose models another one serves. */
class RingfenceOfRingfencesIT {
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    static Path directory;

    private static RunningService far;
    private static RunningService near;

    @BeforeAll
    static void start() throws IOException {
        far = RunningService.start(
                directory.resolve("far"),
                Catalogs.standard(Files.createDirectory(directory.resolve("far-catalog"))),
                // One job at a time, so that a test can hold up the others.
                Map.of("RINGFENCE_JOBS_CONCURRENCY", "1"));
        near = RunningService.start(directory.resolve("near"), Catalogs.write(directory, """
                [[slm.model_allow_lists.global_models]]
                id = "far"
                name = "A model of another service"
                provider = { Custom = { endpoint_url = "http://127.0.0.1:%1$d/v1", model_name = "tiny" } }
                capabilities = ["TextGeneration"]
                [slm.model_allow_lists.global_models.resource_requirements]
                min_memory_mb = 1
                preferred_cpu_cores = 1.0

                [[slm.model_allow_lists.global_models]]
                id = "nobody"
                name = "What the other service does not have"
                provider = { Custom = { endpoint_url = "http://127.0.0.1:%1$d/v1" } }
                capabilities = ["TextGeneration"]
                [slm.model_allow_lists.global_models.resource_requirements]
                min_memory_mb = 1
                preferred_cpu_cores = 1.0
                """.formatted(far.port())));
    }

    @AfterAll
    static void stop() {
        if (near != null) {
            near.close();
        }
        far.close();
    }

    @Test
    void anAnswerComesThroughBoth() {
        var answer = near.api().post(CHAT, chat("far", false));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        var json = Api.json(answer.body());
        assertThat(json.path("model").asText()).isEqualTo("far");
        assertThat(json.at("/choices/0/message/content").asText()).isNotEmpty();
        assertThat(json.at("/usage/completion_tokens").asInt()).isEqualTo(8);
        var id = answer.headers().firstValue("X-Job-Id").orElseThrow();
        assertThat(near.api().state(id)).isEqualTo("completed");
        assertThat(newestOfFar().path("capability").asText()).isEqualTo("ChatCompletion");
    }

    @Test
    void aStreamComesThroughBoth() {
        var answer = near.api().post(CHAT, chat("far", true));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).contains("\"role\":\"assistant\"", "\"finish_reason\":\"length\"");
        assertThat(answer.body().strip()).endsWith("data: [DONE]");
    }

    @Test
    void whatTheOtherOneRefusesIsToldWithItsReason() {
        var answer = near.api().post(CHAT, chat("nobody", false));

        assertThat(answer.statusCode()).as(answer.body()).isBetween(400, 599);
        assertThat(Api.json(answer.body()).at("/error/message").asText()).contains("nobody", "does not exist");
    }

    @Test
    void aClientThatGoesAwayEndsTheWorkOfBoth() throws IOException {
        var holding = far.api().submitShell("sleep 300", job -> {});
        far.api().awaitState(holding, "started");
        try (var client = new Socket(InetAddress.getLoopbackAddress(), near.port())) {
            var body = chat("far", true);
            client.getOutputStream()
                    .write(("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                            .getBytes(StandardCharsets.US_ASCII));
            await("the far service has the job")
                    .until(() -> newestOfFar().path("state").asText().equals("submitted"));
        }
        var waiting = newestOfFar().path("id").asText();

        assertThat(far.api().awaitEnd(waiting).path("state").asText()).isEqualTo("cancelled");
        assertThat(far.api().delete("/api/v1/jobs/" + holding).statusCode()).isEqualTo(200);
        await().until(() -> newest(near).path("state").asText().equals("cancelled"));
    }

    private static JsonNode newestOfFar() {
        return newest(far);
    }

    private static JsonNode newest(RunningService service) {
        return Api.json(service.api().get("/api/v1/jobs?limit=1").body()).at("/jobs/0");
    }

    private static String chat(String model, boolean stream) {
        return "{\"model\":\"" + model + "\",\"max_tokens\":8,\"temperature\":0,\"stream\":" + stream
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"Tell me a story about a fence.\"}]}";
    }
}
