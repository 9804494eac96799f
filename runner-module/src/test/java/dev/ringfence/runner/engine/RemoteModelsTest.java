package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.atZero;
import static dev.ringfence.runner.engine.ScriptedService.json;
import static dev.ringfence.runner.engine.ScriptedService.sse;
import static dev.ringfence.runner.engine.ScriptedService.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.RemoteAccess;
import dev.ringfence.catalog.RemoteAccess.ApiKey;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.RemoteDenied;
import dev.ringfence.runner.engine.EngineException.RemoteUnavailable;
import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Services on this host that answer, and misbehave, as the test's script says. */
class RemoteModelsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HELLO = """
            data: {"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}

            data: {"choices":[{"index":0,"delta":{"content":"hel"},"finish_reason":null}]}

            data: {"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}

            data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

            data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}

            data: [DONE]

            """;

    private final ScriptedService service = new ScriptedService();
    private final List<ScriptedService.Heard> heard = service.heard();
    private final RemoteModels models = new RemoteModels();
    private final List<String> pieces = new CopyOnWriteArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void stop() {
        service.close();
        models.close();
    }

    @Test
    void aStreamedAnswerArrivesInPiecesWithTheServicesOwnCounts() throws IOException {
        service.script(sse(HELLO));

        var result = answered(ask(openAi(keyFile("secret-key\n"))));

        assertThat(String.join("", pieces)).isEqualTo("hello");
        assertThat(result.finishReason()).isEqualTo("stop");
        assertThat(result.inputTokens()).isEqualTo(7);
        assertThat(result.outputTokens()).isEqualTo(2);
        assertThat(result.timeToFirstToken()).isNotNull();
        var request = heard.getFirst();
        assertThat(request.path()).isEqualTo("/v1/chat/completions");
        assertThat(request.authorization()).isEqualTo("Bearer secret-key");
        var body = JSON.readTree(request.body());
        assertThat(body.path("model").asText()).isEqualTo("their-name");
        assertThat(body.path("stream").asBoolean()).isTrue();
        assertThat(body.at("/messages/0/content").asText()).isEqualTo("Say hello");
    }

    @Test
    void countsThatCannotBeAreTakenForNone() {
        service.script(sse(HELLO.replace(":7", ":9223372036854775807").replace(":2}", ":1000000001}")));

        var result = answered(ask(custom(0)));

        assertThat(result.inputTokens()).isNull();
        assertThat(result.outputTokens()).isNull();
    }

    @Test
    void aServiceWithoutRoomIsAskedAgainWhenItSays() {
        service.script(status(429, "0", "slow down"), status(503, "0", "not yet"), sse(HELLO));

        assertThat(answered(ask(custom(2))).finishReason()).isEqualTo("stop");
        assertThat(heard).hasSize(3);
    }

    @Test
    void percentSignsInWhatAServiceSaysAreOnlyText() {
        service.script(
                status(429, "0", "100% of the quota is used"),
                status(503, "0", "100 %d"),
                status(400, "", "top_p is at 120% of %s"));

        assertThatThrownBy(() -> answered(ask(custom(2))))
                .isInstanceOf(InvalidRequest.class)
                .hasMessageEndingWith("refuses the request (status 400): top_p is at 120% of %s");
        assertThat(heard).hasSize(3);
    }

    @Test
    void whoIsAskedToWaitLongerThanTheRequestMayTakeHearsItAtOnce() {
        service.script(status(429, "3600", "come back later"));

        assertThatThrownBy(() -> answered(ask(custom(2))))
                .isInstanceOfSatisfying(
                        Saturated.class, full -> assertThat(full.retryAfter()).hasHours(1))
                .hasMessageContaining("come back later");
        assertThat(heard).hasSize(1);
    }

    @Test
    void anAnswerThatBreaksOffAfterItsFirstPieceIsNotAskedForAgain() {
        service.script(sse(HELLO.substring(0, HELLO.indexOf("data: {\"choices\":[{\"index\":0,\"delta\":{}"))));

        assertThatThrownBy(() -> answered(ask(custom(2))))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("broke off its answer");
        assertThat(String.join("", pieces)).isEqualTo("hello");
        assertThat(heard).hasSize(1);
    }

    @Test
    void aServiceThatFallsSilentIsLeftAfterTheTimeItMayBeSilent() {
        service.script(service.hanging(
                200, HELLO.substring(0, HELLO.indexOf("data: {\"choices\":[{\"index\":0,\"delta\":{}"))));

        assertThatThrownBy(() -> answered(ask(custom(0, Duration.ofMillis(300)))))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("fell silent");
    }

    @Test
    void aServiceThatNeverAnswersEndsWithTheRequestsTime() {
        service.script(_ -> service.awaitOver());

        var result = models.serve("m", custom(2), LIMIT)
                .generate(atZero("Say hello"), Duration.ofMillis(300), _ -> {})
                .result()
                .await()
                .atMost(LIMIT);

        assertThat(result).isEqualTo(new GenerationResult.TimedOut(Duration.ofMillis(300)));
    }

    @Test
    void noMoreRequestsAreUnderWayThanMaxParallelSaysAndWhoWaitsHearsItsPlace() {
        var first = new CountDownLatch(1);
        service.script(
                exchange -> {
                    first.await();
                    sse(HELLO).answer(exchange);
                },
                sse(HELLO));
        var url = access(new ApiKey.None(), 0, LIMIT).baseUrl();
        var provider = new Provider.Custom(
                null, new RemoteAccess(url, new ApiKey.None(), Duration.ofSeconds(5), Duration.ofSeconds(30), 0, 1));
        var waits = new CopyOnWriteArrayList<EngineProgress>();
        var one = ask(provider);
        await().until(() -> heard.size() == 1);

        var two = models.serve("m", provider, LIMIT).generate(atZero("Say hello"), LIMIT, new GenerationListener() {
            @Override
            public void heard(GenerationEvent event) {}

            @Override
            public void waits(EngineProgress progress) {
                waits.add(progress);
            }
        });

        await().until(() -> waits.equals(List.of(new EngineProgress.Queued(1))));
        assertThat(heard).hasSize(1);
        first.countDown();
        assertThat(answered(one).finishReason()).isEqualTo("stop");
        assertThat(answered(two).finishReason()).isEqualTo("stop");
    }

    @Test
    void cancellingHangsUpOnTheService() {
        var gone = new CountDownLatch(1);
        service.script(exchange -> {
            exchange.sendResponseHeaders(200, 0);
            var chunk = HELLO.substring(0, HELLO.indexOf("data: {\"choices\":[{\"index\":0,\"delta\":{}"))
                    .getBytes(StandardCharsets.UTF_8);
            try {
                while (true) {
                    exchange.getResponseBody().write(chunk);
                    exchange.getResponseBody().flush();
                }
            } catch (IOException e) {
                gone.countDown();
            }
        });
        var generation = ask(custom(0));
        await().until(() -> !pieces.isEmpty());

        generation.cancel();

        assertThat(generation.result().await().atMost(LIMIT)).isInstanceOf(GenerationResult.Cancelled.class);
        await().until(() -> gone.getCount() == 0);
    }

    @Test
    void aKeyThatIsNotAcceptedIsToldWithoutTheKey() throws IOException {
        service.script(status(401, "", "Incorrect API key provided: secret-key"));

        assertThatThrownBy(() -> answered(ask(openAi(keyFile("secret-key")))))
                .isInstanceOf(RemoteDenied.class)
                .hasMessageContaining(
                        "does not accept this service's key (status 401): Incorrect API key provided: (the key)")
                .hasMessageNotContaining("secret-key");
    }

    @Test
    void aKeyFileThatOthersCanReadIsNotUsed() throws IOException {
        var file = keyFile("secret-key");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

        assertThatThrownBy(() -> answered(ask(openAi(file))))
                .isInstanceOf(RemoteDenied.class)
                .hasMessageContaining("chmod 600");
        assertThat(heard).isEmpty();
    }

    @Test
    void garbageARefusalAndARedirectAreToldApart() {
        service.script(sse("data: <html>\n\n"), status(400, "", "temperature must be lower"), exchange -> {
            exchange.getResponseHeaders().add("Location", "http://127.0.0.1:1/stolen");
            exchange.sendResponseHeaders(302, -1);
        });

        assertThatThrownBy(() -> answered(ask(custom(0))))
                .isInstanceOf(Misbehaved.class)
                .hasMessageContaining("does not answer in JSON");
        assertThatThrownBy(() -> answered(ask(custom(0))))
                .isInstanceOf(InvalidRequest.class)
                .hasMessageContaining("temperature must be lower");
        assertThatThrownBy(() -> answered(ask(custom(0))))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("status 302");
    }

    @Test
    void aServiceThatIsNotThereIsToldByItsAddress() {
        var provider = custom(1);
        int port = provider.access().baseUrl().getPort();
        service.close();

        assertThatThrownBy(() -> answered(ask(provider)))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("127.0.0.1:" + port + " cannot be reached");
    }

    @Test
    void vectorsComeInOnePiece() {
        service.script(json(
                "{\"data\":[{\"index\":0,\"embedding\":[0.5,1]}],\"usage\":{\"prompt_tokens\":3,\"total_tokens\":3}}"));
        var vectors = new ArrayList<GenerationEvent>();
        var body = JsonNodeFactory.instance.objectNode().put("input", "a");

        var result = (Answered) models.serve("m", custom(0), LIMIT)
                .generate(new GenerationRequest(Operation.EMBEDDINGS, body, "tester"), LIMIT, vectors::add)
                .result()
                .await()
                .atMost(LIMIT);

        assertThat(result.inputTokens()).isEqualTo(3);
        assertThat(vectors)
                .singleElement()
                .isInstanceOfSatisfying(
                        Vectors.class,
                        found -> assertThat(found.data().at("/0/embedding/0").doubleValue())
                                .isEqualTo(0.5));
    }

    @Test
    void aChatWithAnthropicIsTranslatedBothWays() throws IOException {
        service.script(sse("""
                event: message_start
                data: {"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":1}}}

                event: ping
                data: {"type":"ping"}

                event: content_block_start
                data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}

                event: content_block_start
                data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"look"}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}

                event: message_delta
                data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}

                event: message_stop
                data: {"type":"message_stop"}

                """));
        var provider = new Provider.Anthropic(
                "their-name", access(new ApiKey.File(keyFile("secret-key")), 0, Duration.ofSeconds(30)));
        var events = new CopyOnWriteArrayList<GenerationEvent>();
        var asked = (ObjectNode) JSON.readTree("""
                { "messages": [ { "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hi" },
                    { "role": "user", "content": [ { "type": "text", "text": "there" } ] } ],
                  "max_tokens": 50, "stop": "END", "tool_choice": "required",
                  "tools": [ { "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } } ] }
                """);

        var result = (Answered) models.serve("m", provider, LIMIT)
                .generate(new GenerationRequest(Operation.CHAT, asked, "tester"), LIMIT, events::add)
                .result()
                .await()
                .atMost(LIMIT);

        assertThat(result.finishReason()).isEqualTo("tool_calls");
        assertThat(result.inputTokens()).isEqualTo(9);
        assertThat(result.outputTokens()).isEqualTo(5);
        assertThat(events).hasSize(3);
        assertThat(((Delta) events.get(0)).text()).isEqualTo("hello");
        assertThat(((Delta) events.get(1))
                        .choice()
                        .at("/delta/tool_calls/0/function/name")
                        .asText())
                .isEqualTo("look");
        var sent = JSON.readTree(heard.getFirst().body());
        assertThat(heard.getFirst().path()).isEqualTo("/v1/messages");
        assertThat(sent.at("/system/0/text").asText()).isEqualTo("Be brief.");
        assertThat(sent.path("messages")).hasSize(1);
        assertThat(sent.at("/messages/0/content")).hasSize(2);
        assertThat(sent.at("/stop_sequences/0").asText()).isEqualTo("END");
        assertThat(sent.at("/tool_choice/type").asText()).isEqualTo("any");
        assertThat(sent.path("max_tokens").asInt()).isEqualTo(50);
    }

    private Generation ask(Provider.Remote provider) {
        return models.serve("m", provider, LIMIT).generate(atZero("Say hello"), LIMIT, event -> {
            if (event instanceof Delta delta) {
                pieces.add(delta.text());
            }
        });
    }

    private static Answered answered(Generation generation) {
        return (Answered) generation.result().await().atMost(LIMIT);
    }

    private Provider.Remote openAi(Path key) {
        return new Provider.OpenAI("their-name", access(new ApiKey.File(key), 0, Duration.ofSeconds(30)));
    }

    private Provider.Remote custom(int retries) {
        return custom(retries, Duration.ofSeconds(30));
    }

    private Provider.Remote custom(int retries, Duration silence) {
        return new Provider.Custom(null, access(new ApiKey.None(), retries, silence));
    }

    private RemoteAccess access(ApiKey key, int retries, Duration silence) {
        return service.access(key, retries, silence);
    }

    private Path keyFile(String key) throws IOException {
        var file = Files.writeString(directory.resolve("key"), key);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
}
