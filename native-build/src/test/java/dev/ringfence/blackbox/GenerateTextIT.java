package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateTextIT {
    @TempDir
    static Path directory;

    private static RunningService service;

    @BeforeAll
    static void start() {
        service = RunningService.start(directory.resolve("data"), Catalogs.standard(directory));
    }

    @AfterAll
    static void stop() {
        service.close();
    }

    @Test
    void aQuestionIsAnsweredWithRealCounts() {
        var response = service.api().post("/api/v1/jobs", Api.generate("What is a fence?", 64), "Prefer", "wait=60");

        var job = Api.json(response.body());
        assertThat(job.path("state").asText()).as(response.body()).isEqualTo("completed");
        assertThat(job.path("result").path("text").asText()).containsIgnoringCase("kernel");
        assertThat(job.findValue("output_tokens").intValue()).isBetween(5, 64);
        assertThat(job.findValue("input_tokens").intValue()).isPositive();
    }

    @Test
    void aModelIsShownWithTheProgramThatItRunsWith() {
        var program = Api.json(service.api().get("/api/v1/models/tiny").body()).path("llama_cpp");

        assertThat(program.path("mode").asText()).isEqualTo("server");
        assertThat(program.path("version").asText()).as(program.toString()).isNotEmpty();
    }

    @Test
    void anAnswerIsStreamedInPieces() {
        try (var stream = EventStream.submit(service, Api.generate("Count to 100", 300))) {
            var events = stream.all();

            assertThat(events).hasSizeGreaterThan(20);
            assertThat(events.getLast().toString()).contains("completed");
        }
    }

    @Test
    void aClientThatGoesAwayEndsTheModelsWork() {
        try (var _ = SlowEngine.of(service)) {
            String id;
            try (var stream = EventStream.submit(service, Api.generate("Count to 100", 400))) {
                id = stream.next(5).getFirst().path("job").path("id").asText();
            }

            assertThat(service.api().awaitEnd(id).path("state").asText()).isEqualTo("cancelled");
        }
    }
}
