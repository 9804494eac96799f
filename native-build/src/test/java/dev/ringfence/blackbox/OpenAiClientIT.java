package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenAI's own JavaScript client, unchanged, against the packaged service. */
class OpenAiClientIT {
    @TempDir
    static Path directory;

    private static RunningService service;
    private static NodeClient client;

    @BeforeAll
    static void start() {
        client = NodeClient.installed();
        service = RunningService.start(directory.resolve("data"), Catalogs.openAi(directory));
    }

    @AfterAll
    static void stop() {
        if (service != null) {
            service.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "parts",
                "stop_and_length",
                "stream",
                "embeddings",
                "json_schema",
                "tool_call",
                "errors",
                "models",
                "eight_streams",
                "completions",
                "responses"
            })
    void theClientGetsWhatItExpects(String name) {
        assertThat(run(name).isObject()).isTrue();
    }

    @Test
    void anAnswerIsAJobThatCanBeLookedAt() {
        var learnt = run("chat");

        var job = service.api().job(learnt.path("job").asText());
        assertThat(learnt.path("request").asText()).isEqualTo(learnt.path("job").asText());
        assertThat(job.path("state").asText()).isEqualTo("completed");
        assertThat(job.path("capability").asText()).isEqualTo("ChatCompletion");
        assertThat(job.path("arguments")
                        .path("messages")
                        .path(0)
                        .path("content")
                        .asText())
                .isEqualTo("Say hello");
        assertThat(job.path("result").path("text").asText()).isEqualTo("hello");
    }

    @Test
    void aClientThatAbortsInMidStreamCancelsItsJobAndFreesTheSlot() {
        try (var _ = SlowEngine.of(service)) {
            var learnt = run("abort");

            assertThat(service.api()
                            .awaitEnd(learnt.path("job").asText())
                            .path("state")
                            .asText())
                    .isEqualTo("cancelled");
        }
        await().untilAsserted(() -> {
            var engine = SlowEngine.state(service);
            assertThat(engine.path("busy_slots").asInt(-1))
                    .as(engine.toString())
                    .isZero();
        });
    }

    @Test
    void anEngineThatIsKilledInMidAnswerIsToldToTheClientAndTheNextRequestWorks() {
        NodeClient.Running running;
        try (var _ = SlowEngine.of(service)) {
            // Looked for before, since on a busy host the answer may have come to its end meanwhile.
            var engine = SlowEngine.process(service).orElseThrow();
            running = client.begin(service.port(), "engine_killed");
            running.awaitLine("begun");
            engine.destroyForcibly();
        }

        assertThat(running.result().path("message").asText()).contains("ended in the middle of its work");
    }

    @Test
    void promptsAndAnswersThatAreNotToBeKeptAreInTheJournalAsHashesOnly() {
        var environment = Map.of("RINGFENCE_JOURNAL_PROMPTS", "hash");
        var data = directory.resolve("hashed");
        try (var discreet = RunningService.start(data, Catalogs.openAi(directory), environment)) {
            var learnt = client.begin(discreet.port(), "chat").result();

            var job = discreet.api().job(learnt.path("job").asText());
            assertThat(job.path("arguments").path("messages").path("sha256").asText())
                    .hasSize(64);
            assertThat(job.path("result").path("text").path("bytes").asInt()).isEqualTo("hello".length());
            assertThat(job.path("result").path("output_tokens").asInt()).isEqualTo(4);
        }
        assertThat(filesWith(data.resolve("journal"), "Say hello")).isZero();
    }

    private static long filesWith(Path root, String text) {
        try (var files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> holds(file, text))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean holds(Path file, String text) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1).contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode run(String name) {
        return client.begin(service.port(), name).result();
    }
}
