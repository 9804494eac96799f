package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The catalog is looked at and changed while the service runs. */
@QuarkusTest
@TestProfile(CatalogOverHttpTest.OwnCatalog.class)
class CatalogOverHttpTest {
    private static final Path TINY =
            Path.of("../src/demo/ringfence-tiny-q8_0.gguf").toAbsolutePath();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @TestHTTPResource("/api/v1")
    @Nullable URI address;

    public static final class OwnCatalog implements QuarkusTestProfile {
        static final Path FILE = file();

        private static Path file() {
            try {
                return Files.createTempDirectory("ringfence-catalog").resolve("catalog.toml");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public Map<String, String> getConfigOverrides() {
            write(true, model("tiny", ""));
            return Map.of("ringfence.catalog", FILE.toString());
        }
    }

    @BeforeEach
    void startFromOneModel() throws Exception {
        for (var model : get("/models").path("models")) {
            send("DELETE", "/models/" + model.path("reference").asText(), null);
        }
        write(true, model("tiny", ""));
        assertThat(send("POST", "/catalog/reload", null).statusCode()).isEqualTo(200);
    }

    @Test
    void aModelIsShownWithWhatItsFileSays() throws Exception {
        var model = get("/models/tiny");

        assertThat(model.at("/gguf/architecture").asText()).isEqualTo("llama");
        assertThat(model.at("/gguf/context_length").asInt()).isEqualTo(512);
        assertThat(model.at("/gguf/quantization").asText()).isEqualTo("Q8_0");
        assertThat(model.at("/resource_requirements/min_memory_mb").asInt()).isPositive();
        assertThat(model.at("/engine/state").asText()).isEqualTo("cold");
        assertThat(model.path("sandbox_profile").asText())
                .isEqualTo(get("/catalog").path("default_sandbox_profile").asText())
                .isNotEmpty();
        assertThat(model.path("context_tokens").asInt()).isEqualTo(512);
        assertThat(model.toString()).doesNotContain(TINY.toString());
    }

    @Test
    void modelsAreListedByCapabilityAndOneThatDoesNotExistIsRefusedByName() throws Exception {
        write(
                true,
                model("tiny", "")
                        + model("both", "").replace("\"TextGeneration\"", "\"TextGeneration\", \"Embeddings\""));
        send("POST", "/catalog/reload", null);

        assertThat(get("/models?capability=Embeddings").path("models").findValuesAsText("id"))
                .containsExactly("both");
        assertThat(get("/models?capability=TextGeneration").path("models")).hasSize(2);
        assertThat(get("/models?capability=ToolUse").path("models")).isEmpty();
        var wrong = send("GET", "/models?capability=Singing", null);
        assertThat(wrong.statusCode()).isEqualTo(400);
        assertThat(wrong.body()).contains("capability: there is no capability", "Singing", "Embeddings");
    }

    @Test
    void aMisspeltWishToLoadAModelIsRefused() throws Exception {
        var refused = send("GET", "/models/tiny/health?load=maybe", null);

        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("load: it must be true or false, not maybe");
    }

    @Test
    void openAisClientsAreToldWhenAModelsFileWasWritten() throws Exception {
        var written = Files.getLastModifiedTime(TINY).toInstant().getEpochSecond();

        assertThat(get("/../../v1/models/tiny").path("created").asLong()).isEqualTo(written);
        assertThat(get("/../../v1/models").at("/data/0/created").asLong()).isEqualTo(written);
    }

    @Test
    void aReloadTakesOverTheWholeFileAndAnInvalidOneChangesNothingAndTellsAllErrors() throws Exception {
        write(
                true,
                model("tiny", "") + model("second", "") + "[slm.model_allow_lists.agent_model_maps]\nw = ['second']\n");
        var good = send("POST", "/catalog/reload", null);

        write(true, model("tiny", "capabilitys = 1") + model("tiny", "") + "[slm.sandbox_profiles.p]\nx = 1\n");
        var bad = send("POST", "/catalog/reload", null);

        assertThat(good.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(good.body()).path("models").asInt()).isEqualTo(2);
        assertThat(bad.statusCode()).isEqualTo(422);
        var problem = JSON.readTree(bad.body());
        assertThat(problem.path("type").asText()).isEqualTo("/problems/invalid-catalog");
        assertThat(problem.path("errors")).hasSize(3);
        assertThat(get("/agents/w/models").path("models")).hasSize(1);
        assertThat(get("/models").path("models")).hasSize(2);
    }

    @Test
    void anEmptyFileIsRefusedAndAReloadThatTakesTheAgentsAwayWarns() throws Exception {
        Files.writeString(OwnCatalog.FILE, "[agents.bob]\ncapabilities = []\n");
        assertThat(send("POST", "/catalog/reload", null).statusCode()).isEqualTo(200);

        Files.writeString(OwnCatalog.FILE, "");
        var emptied = send("POST", "/catalog/reload", null);
        write(true, model("tiny", ""));
        var unrestricted = send("POST", "/catalog/reload", null);

        assertThat(emptied.statusCode()).isEqualTo(422);
        assertThat(emptied.body()).contains("/problems/invalid-catalog", "the file has no key");
        assertThat(JSON.readTree(unrestricted.body()).path("warnings").toString())
                .contains("no table [agents] any more");
        assertThat(get("/catalog").path("warnings").toString()).contains("no table [agents] any more");
    }

    @Test
    void aModelsHealthIsAskedOfItselfAndDoesNotLoadItUnlessThatIsWanted() throws Exception {
        write(
                true,
                model("tiny", "")
                        + model("gone", "resource_requirements = { min_memory_mb = 64 }")
                                .replace(TINY.toString(), TINY + ".not-there"));
        assertThat(send("POST", "/catalog/reload", null).statusCode()).isEqualTo(200);

        var asleep = get("/models/tiny/health");
        var awake = get("/models/tiny/health?load=true");
        var again = get("/models/tiny/health");
        var gone = send("GET", "/models/gone/health?load=true", null);

        assertThat(asleep.path("healthy").isNull()).isTrue();
        assertThat(awake.path("healthy").asBoolean()).isTrue();
        assertThat(again).isEqualTo(awake);
        assertThat(gone.statusCode()).isEqualTo(503);
        assertThat(gone.body()).contains("is not there").contains("\"healthy\":false");
        assertThat(send("GET", "/models/nobody/health", null).statusCode()).isEqualTo(404);
    }

    /** The engine has it mapped: it answered garbage, as if all were well, and a reload changed nothing. */
    @Test
    void aModelWhoseFileIsWrittenIntoIsNotHealthyAndAReloadReplacesItsEngine() throws Exception {
        var file = OwnCatalog.FILE.resolveSibling("own.gguf");
        Files.copy(TINY, file, StandardCopyOption.REPLACE_EXISTING);
        write(true, model("own", "").replace(TINY.toString(), file.toString()));
        send("POST", "/catalog/reload", null);
        assertThat(get("/models/own/health?load=true").path("healthy").asBoolean())
                .isTrue();

        // The kernel's times are coarse: the first write may seem to be from before the engine was up.
        await().until(() -> {
            Files.write(file, new byte[1], StandardOpenOption.APPEND);
            return send("GET", "/models/own/health", null).statusCode() == 503;
        });

        assertThat(get("/models/own/health").path("reason").asText()).contains("written into", "by mv");
        send("POST", "/catalog/reload", null);
        await().until(() -> get("/models/own").at("/engine/state").asText().equals("cold"));
    }

    @Test
    void aModelWhoseFileIsReplacedByAnotherStaysHealthyAndAReloadReplacesItsEngine() throws Exception {
        var file = OwnCatalog.FILE.resolveSibling("moved.gguf");
        var next = OwnCatalog.FILE.resolveSibling("moved.gguf.new");
        Files.copy(TINY, file, StandardCopyOption.REPLACE_EXISTING);
        write(true, model("moved", "").replace(TINY.toString(), file.toString()));
        send("POST", "/catalog/reload", null);
        assertThat(get("/models/moved/health?load=true").path("healthy").asBoolean())
                .isTrue();

        // Its content is the same.
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        send("POST", "/models", json("beside"));
        send("POST", "/catalog/reload", null);
        assertThat(get("/models/moved").at("/engine/state").asText()).isEqualTo("ready");
        assertThat(send("DELETE", "/models/beside", null).statusCode()).isEqualTo(204);

        Files.copy(TINY, next);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);

        assertThat(get("/models/moved/health").path("healthy").asBoolean()).isTrue();
        send("POST", "/catalog/reload", null);
        await().until(() -> get("/models/moved").at("/engine/state").asText().equals("cold"));
    }

    @Test
    void aModelThatIsAddedAtRunTimeStaysThroughReloadsAndCanBeRemoved() throws Exception {
        var added = send("POST", "/models", json("extra"));
        var again = send("POST", "/models", json("extra"));
        send("POST", "/catalog/reload", null);
        var shown = get("/models/extra");
        var removed = send("DELETE", "/models/extra", null);

        assertThat(added.statusCode()).isEqualTo(201);
        assertThat(added.headers().firstValue("Location")).get().asString().endsWith("/api/v1/models/extra");
        assertThat(again.statusCode()).isEqualTo(422);
        assertThat(again.body()).contains("is already the id of a model that is there");
        assertThat(shown.path("added_at_run_time").asBoolean()).isTrue();
        assertThat(removed.statusCode()).isEqualTo(204);
        assertThat(send("GET", "/models/extra", null).statusCode()).isEqualTo(404);
        assertThat(send("DELETE", "/models/tiny", null).statusCode()).isEqualTo(409);
        assertThat(send("DELETE", "/models/nothing", null).statusCode()).isEqualTo(404);
    }

    @Test
    void aCatalogThatDoesNotAllowItTakesNoModelsAtRunTime() throws Exception {
        write(false, model("tiny", ""));
        send("POST", "/catalog/reload", null);

        var refused = send("POST", "/models", json("extra"));

        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).contains("/problems/runtime-overrides-disabled", "allow_runtime_overrides");
    }

    @Test
    void theSmallestModelThatFitsIsSelected() throws Exception {
        write(
                true,
                model("large", "resource_requirements = { min_memory_mb = 900 }")
                        + model("small", "resource_requirements = { min_memory_mb = 90 }"));
        send("POST", "/catalog/reload", null);

        assertThat(get("/models/select?capabilities=TextGeneration").path("id").asText())
                .isEqualTo("small");
        assertThat(send("GET", "/models/select?max_memory_mb=50", null).statusCode())
                .isEqualTo(404);
        var wrong = send("GET", "/models/select?capabilities=Singing&max_memory_mb=much", null);
        assertThat(wrong.statusCode()).isEqualTo(400);
        assertThat(JSON.readTree(wrong.body()).path("errors")).hasSize(2);
    }

    @Test
    void onlyWhoCallsFromThisHostItselfMayChangeTheCatalog() throws Exception {
        var throughProxy = request("/catalog/reload")
                .header("X-Forwarded-For", "192.0.2.1")
                .POST(BodyPublishers.noBody())
                .build();
        var fromPage = request("/catalog/reload")
                .header("Origin", "https://evil.example")
                .POST(BodyPublishers.noBody())
                .build();

        assertThat(CLIENT.send(throughProxy, BodyHandlers.ofString()).statusCode())
                .isEqualTo(403);
        assertThat(CLIENT.send(fromPage, BodyHandlers.ofString()).statusCode()).isEqualTo(403);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/config", "/webhooks", "/journal/events", "/journal/verify", "/journal/counts", "/journal/stats"
            })
    void onlyWhoCallsFromThisHostItselfSeesWhatIsForAdministrators(String path) throws Exception {
        var throughProxy = request(path).header("X-Forwarded-For", "192.0.2.1").build();

        assertThat(CLIENT.send(throughProxy, BodyHandlers.ofString()).statusCode())
                .isEqualTo(403);
        assertThat(send("GET", path, null).statusCode()).isEqualTo(200);
    }

    /** One that the file had by now, too, kept every other one from being removed. */
    @Test
    void aModelThatTheFileHasByNowTooCanBeRemovedAndSoCanAnyOther() throws Exception {
        assertThat(send("POST", "/models", json("a")).statusCode()).isEqualTo(201);
        assertThat(send("POST", "/models", json("org/b")).statusCode()).isEqualTo(201);
        write(true, model("a", ""));
        assertThat(send("POST", "/catalog/reload", null).statusCode()).isEqualTo(200);

        assertThat(send("DELETE", "/models/org%2Fb", null).statusCode()).isEqualTo(204);
        assertThat(send("DELETE", "/models/a", null).statusCode()).isEqualTo(204);

        var ofTheFile = send("DELETE", "/models/a", null);
        assertThat(ofTheFile.statusCode()).isEqualTo(409);
        assertThat(ofTheFile.body()).contains("/problems/model-of-the-catalog-file");
        assertThat(send("DELETE", "/models/org%2Fb", null).statusCode()).isEqualTo(404);
        write(true, model("tiny", ""));
        send("POST", "/catalog/reload", null);
        assertThat(get("/models").path("models").findValuesAsText("id")).containsExactly("tiny");
    }

    @ParameterizedTest
    @ValueSource(strings = {"my model", "org/b", "a+b", "50%"})
    void anAddedModelIsAtTheAddressThatTheAnswerGives(String id) throws Exception {
        var added = send("POST", "/models", json(id));
        assertThat(added.statusCode()).isEqualTo(201);
        var location = added.headers().firstValue("Location").orElseThrow();

        var there = CLIENT.send(HttpRequest.newBuilder(URI.create(location)).build(), BodyHandlers.ofString());

        assertThat(there.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(there.body()).path("id").asText()).isEqualTo(id);
        assertThat(CLIENT.send(
                                HttpRequest.newBuilder(URI.create(location))
                                        .DELETE()
                                        .build(),
                                BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(204);
    }

    private static void write(boolean overrides, String models) {
        try {
            Files.writeString(
                    OwnCatalog.FILE, "[slm.model_allow_lists]\nallow_runtime_overrides = " + overrides + "\n" + models);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String model(String id, String line) {
        return """
                [[slm.model_allow_lists.global_models]]
                id = "%s"
                provider = { LocalFile = { file_path = "%s" } }
                capabilities = ["TextGeneration"]
                %s
                """.formatted(id, TINY, line);
    }

    private static String json(String id) {
        return """
                { "id": "%s", "provider": { "LocalFile": { "file_path": "%s" } }, "capabilities": ["TextGeneration"] }
                """.formatted(id, TINY);
    }

    private JsonNode get(String path) throws IOException, InterruptedException {
        return JSON.readTree(send("GET", path, null).body());
    }

    private HttpResponse<String> send(String method, String path, @Nullable String body)
            throws IOException, InterruptedException {
        var publisher = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
        return CLIENT.send(request(path).method(method, publisher).build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(address + path).normalize())
                .header("Content-Type", "application/json");
    }
}
