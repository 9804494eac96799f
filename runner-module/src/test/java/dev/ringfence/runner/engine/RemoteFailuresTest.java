package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.atZero;
import static dev.ringfence.runner.engine.ScriptedService.sse;
import static dev.ringfence.runner.engine.ScriptedService.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.RemoteAccess;
import dev.ringfence.catalog.RemoteAccess.ApiKey;
import dev.ringfence.runner.engine.EngineException.RemoteDenied;
import dev.ringfence.runner.engine.EngineException.RemoteNotFound;
import dev.ringfence.runner.engine.EngineException.RemoteUnavailable;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an operator hears of a service elsewhere that is wrong in the catalog, or fails. */
class RemoteFailuresTest {
    private static final String KEY = "sk-0123456789abcdef";
    private static final String HELLO =
            "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    private final ScriptedService service = new ScriptedService();
    private final RemoteModels models = new RemoteModels();
    private final LoggedLines log = new LoggedLines(RemoteHealth.class);

    @TempDir
    Path directory;

    @AfterEach
    void stop() {
        service.close();
        models.close();
        log.close();
    }

    /** It was told as the client's mistake, which only knows names of the catalog, and without the address. */
    @ParameterizedTest
    @ValueSource(ints = {404, 405, 410})
    void anAddressWhereNothingIsAndAModelThatIsNotThereAreTheOperatorsMatter(int status) {
        service.script(status(status, "", "no such thing"));
        var provider = custom();

        assertThatThrownBy(() -> ask(provider))
                .isInstanceOf(RemoteNotFound.class)
                .hasMessageContaining(provider.access().baseUrl() + "/chat/completions, or no model theirs")
                .hasMessageContaining("check endpoint_url and model_name in the catalog")
                .hasMessageEndingWith("(status " + status + "): no such thing");
    }

    @Test
    void aServiceThatSaysWithAnotherStatusThatItDoesNotHaveTheModelIsUnderstood() {
        service.script(exchange -> {
            exchange.sendResponseHeaders(400, 0);
            exchange.getResponseBody()
                    .write("{\"error\":{\"message\":\"none\",\"code\":\"model_not_found\"}}"
                            .getBytes(StandardCharsets.UTF_8));
        });

        assertThatThrownBy(() -> ask(new Provider.OpenAI("theirs", access(new ApiKey.None()))))
                .isInstanceOf(RemoteNotFound.class)
                .hasMessageContaining("check base_url and model_name");
    }

    /** Longer than a part of a name may be, so that nobody is asked for it. */
    @Test
    void aNameThatDoesNotResolveIsNotTakenForAHostWhereNobodyAnswers() {
        var url = URI.create("http://" + "no-such-host".repeat(6) + ".invalid/v1");
        var provider = new Provider.Custom(
                null, new RemoteAccess(url, new ApiKey.None(), Duration.ofSeconds(5), Duration.ofSeconds(30), 0, 1));

        assertThatThrownBy(() -> ask(provider))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("no address is known for that name; check endpoint_url");
    }

    /** It was said not to accept a key that nobody had given. */
    @Test
    void aServiceThatWantsAKeyWhereTheCatalogNamesNoneSaysHowToNameOne() {
        service.script(status(401, "", "who are you"));

        assertThatThrownBy(() -> ask(custom()))
                .isInstanceOf(RemoteDenied.class)
                .hasMessageContaining("api_key_env or api_key_file")
                .hasMessageNotContaining("this service's key")
                .hasMessageEndingWith("(status 401): who are you");
    }

    /** After a hundred failures there was no line in the log. */
    @Test
    void theLogHasEachNewKindOfFailureOnceAndThatTheModelAnswersAgain() throws IOException {
        var provider = new Provider.Custom("theirs", access(new ApiKey.File(keyFile())));
        service.script(
                status(401, "", "no " + KEY + " for Say hello"),
                status(401, "", "no " + KEY + " for Say hello"),
                status(429, "0", "Say hello"),
                sse("data: Say hello\n\n"),
                sse("data: {\"choices\":[]}\n\n"),
                sse(HELLO),
                sse(HELLO));
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> ask(provider)).isInstanceOf(EngineException.class);
        }

        ask(provider);
        ask(provider);

        assertThat(log.lines())
                .containsExactly(
                        "WARN Requests to model m fail: the service of model m does not accept this service's key"
                                + " (status 401)",
                        "WARN Requests to model m fail: the service of model m has no room now (status 429)",
                        "WARN Requests to model m fail: the service of model m answers with what cannot be passed on;"
                                + " who asked is told why",
                        "WARN Requests to model m fail: the service of model m broke off its answer",
                        "INFO Model m answers again");
    }

    @Test
    void aKeyThatIsNotThereIsInTheLogAndARequestThatTheServiceRefusesIsNot() {
        service.script(status(400, "", "temperature must be lower"));
        assertThatThrownBy(() -> ask(custom())).isInstanceOf(EngineException.class);

        var withoutKey = new Provider.Custom(null, access(new ApiKey.File(directory.resolve("none"))));
        assertThatThrownBy(() -> ask(withoutKey)).isInstanceOf(RemoteDenied.class);

        assertThat(log.lines()).singleElement().asString().contains("key file of model m", "cannot be read");
    }

    @Test
    void whatWasMendedByAskingAgainIsNotInTheLog() {
        service.script(status(503, "0", "not yet"), sse(HELLO));

        ask(new Provider.Custom(null, service.access(new ApiKey.None(), 1, Duration.ofSeconds(30))));

        assertThat(service.heard()).hasSize(2);
        assertThat(log.lines()).isEmpty();
    }

    @Test
    void aModelThatFailsAndAnswersByTurnsDoesNotFillTheLog() {
        var now = new AtomicLong();
        var health = new RemoteHealth("m", now::get);
        for (int i = 0; i < 100; i++) {
            health.failed("cut");
            health.answered();
        }
        assertThat(log.lines()).hasSize(2);

        now.addAndGet(Duration.ofMinutes(10).toNanos());
        health.failed("cut");

        assertThat(log.lines()).hasSize(3);
    }

    private GenerationResult ask(Provider.Remote provider) {
        return models.serve("m", provider, LIMIT)
                .generate(atZero("Say hello"), LIMIT, _ -> {})
                .result()
                .await()
                .atMost(LIMIT);
    }

    private Provider.Remote custom() {
        return new Provider.Custom("theirs", access(new ApiKey.None()));
    }

    private RemoteAccess access(ApiKey key) {
        return service.access(key, 0, Duration.ofSeconds(30));
    }

    private Path keyFile() throws IOException {
        var file = Files.writeString(directory.resolve("key"), KEY);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
}
