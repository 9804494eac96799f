package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model whose file comes into the host's cache of the hub while the service runs, and becomes another one. */
class HubModelIT {
    private static final String FIRST = "1".repeat(40);
    private static final String SECOND = "2".repeat(40);

    @TempDir
    Path directory;

    /** Its engine counted as out of use, so that each request loaded the model anew and no pin held. */
    @Test
    void aFileThatCameLaterIsKeptLoadedAndPinnedAsOneThatWasThere() throws IOException {
        try (var service = RunningService.start(
                directory.resolve("data"),
                Catalogs.hub(directory),
                Map.of("HF_HUB_CACHE", directory.resolve("hub").toString()))) {
            assertThat(ask(service).path("error").path("type").asText()).isEqualTo("model-file-not-found");

            put(FIRST);
            assertThat(ask(service).path("state").asText()).isEqualTo("completed");
            long first = pid(service);
            assertThat(ask(service).path("state").asText()).isEqualTo("completed");
            assertThat(pid(service)).isEqualTo(first);

            put(SECOND);
            assertThat(ask(service).path("state").asText()).isEqualTo("completed");
            await().atMost(Duration.ofMinutes(5))
                    .untilAsserted(() -> assertThat(pid(service)).isPositive().isNotEqualTo(first));
        }
    }

    private static JsonNode ask(RunningService service) {
        var job = Api.generate("Say hello", 8).replace("\"tiny\"", "\"hub\"");
        var submitted = Api.json(service.api().post("/api/v1/jobs", job).body());
        return service.api().awaitEnd(submitted.path("id").textValue());
    }

    /** Of its only engine that is up, or 0. */
    private static long pid(RunningService service) {
        var pids = Api.json(service.api().get("/api/v1/models/hub").body()).findValues("pid");
        return pids.size() == 1 ? pids.getFirst().longValue() : 0;
    }

    private void put(String commit) throws IOException {
        var repository = directory.resolve("hub/models--owner--small");
        var snapshot = Files.createDirectories(repository.resolve("snapshots").resolve(commit));
        Files.copy(Catalogs.MODEL, snapshot.resolve("small.gguf"));
        Files.createDirectories(repository.resolve("refs"));
        Files.writeString(repository.resolve("refs/main"), commit);
    }
}
