package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.atZero;
import static dev.ringfence.runner.engine.ScriptedService.json;
import static dev.ringfence.runner.engine.ScriptedService.sse;
import static dev.ringfence.runner.engine.ScriptedService.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.RemoteAccess;
import dev.ringfence.catalog.RemoteAccess.ApiKey;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.RemoteUnavailable;
import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What services do that no documentation has. */
class RemoteMisbehaviourTest {
    private static final Duration SILENCE = Duration.ofSeconds(30);

    /** One that passes in a test, and is long enough for the beginning of an answer on a busy host. */
    private static final Duration SHORT_SILENCE = Duration.ofSeconds(10);

    private static final String KEY = "sk-0123456789abcdef/0123456789";
    private static final String ROLE = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n";
    private static final String HELLO = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n";
    private static final String STOP = """
            data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2}}

            """;
    private static final String DONE = "data: [DONE]\n\n";
    private static final String BEGINS = """
            event: message_start
            data: {"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":1}}}

            """;
    private static final String ENDS = """
            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}

            event: message_stop
            data: {"type":"message_stop"}

            """;

    private final ScriptedService service = new ScriptedService();
    private final RemoteModels models = new RemoteModels();
    private final List<GenerationEvent> events = new CopyOnWriteArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void stop() {
        service.close();
        models.close();
    }

    /** 200 such chunks of 610 KB, kept until the answer was whole, took all of a heap of 256 MB. */
    @Test
    void whatNobodyAskedForIsLeftOutOfAnAnswerAsItComes() {
        var junk = "[" + "[],".repeat(5000) + "[]]";
        service.script(sse("data: {\"choices\":[{\"index\":0,\"junk\":" + junk
                + ",\"delta\":{\"content\":\"x\",\"junk\":" + junk
                + "},\"logprobs\":{\"content\":[{\"token\":\"x\",\"bytes\":" + junk + "}]}}]}\n\n" + STOP + DONE));

        answered(ask(custom(0)));

        assertThat(events)
                .singleElement()
                .satisfies(event -> assertThat(event.weight()).isLessThan(2000));
    }

    @Test
    void probabilitiesThatWereAskedForArePassedOn() {
        service.script(sse("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},"
                + "\"logprobs\":{\"content\":[{\"token\":\"x\",\"logprob\":-0.5}]}}]}\n\n" + STOP + DONE));
        var request = atZero("Say hello");
        request.body().put("logprobs", true);

        answered(ask(custom(0), request));

        assertThat(events)
                .singleElement()
                .satisfies(event -> assertThat(((Delta) event)
                                .choice()
                                .at("/logprobs/content/0/logprob")
                                .doubleValue())
                        .isEqualTo(-0.5));
    }

    @Test
    void anEventOfMorePartsThanAnyAnswerHasIsNotMadeATree() {
        service.script(sse("data: {\"choices\":[" + "[],".repeat(300_000) + "[]]}\n\n"));

        assertThatThrownBy(() -> answered(ask(custom(0))))
                .isInstanceOf(Misbehaved.class)
                .hasMessageContaining("parts");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data: {\"error\":{\"message\":\"Incorrect API key provided: %s\"}}\n\n",
                "data: Incorrect API key provided: %s\n\n",
                "data: %s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s-%s\n\n",
                "{\"error\":{\"message\":\"Incorrect API key provided: %s\"}}",
                "%s is no key",
            })
    void anErrorThatComesAsAnAnswerIsToldWithoutTheKey(String answer) throws IOException {
        var escaped = KEY.replace("/", "\\/").replace("s", "\\u0073");
        service.script(
                sse(answer.replace("%s", KEY)),
                sse(answer.replace("%s", escaped)),
                sse("data: {\"type\":\"error\",\"error\":{\"message\":\"no " + escaped + "\"}}\n\n"));

        assertNothingOfTheKeyIsIn(new Provider.OpenAI("theirs", access(0, SILENCE)));
        assertNothingOfTheKeyIsIn(new Provider.OpenAI("theirs", access(0, SILENCE)));
        assertNothingOfTheKeyIsIn(new Provider.Anthropic("theirs", access(0, SILENCE)));
    }

    private void assertNothingOfTheKeyIsIn(Provider.Remote provider) {
        assertThatThrownBy(() -> answered(ask(provider)))
                .isInstanceOf(EngineException.class)
                .satisfies(error ->
                        assertThat(error.getMessage()).doesNotContain("k-0123").doesNotContain("0123456789"));
    }

    @Test
    void aKeyIsNotPassedOnAsPartOfAnAnswerEither() throws IOException {
        service.script(
                sse("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + KEY + "\",\"refusal\":\"" + KEY
                        + "\",\"tool_calls\":[{\"index\":0,\"id\":\"" + KEY + "\",\"function\":{\"name\":\"" + KEY
                        + "\",\"arguments\":\"" + KEY + "\"}}]},\"finish_reason\":\"" + KEY + "\"}]}\n\n" + DONE));

        var result = answered(ask(new Provider.OpenAI("theirs", access(0, SILENCE))));

        assertThat(result.finishReason()).isEqualTo("stop");
        assertThat(events)
                .singleElement()
                .satisfies(event -> assertThat(((Delta) event).choice())
                        .hasToString(
                                "{\"index\":0,\"delta\":{\"content\":\"(the key)\",\"refusal\":\"(the key)\",\"tool_calls\":"
                                        + "[{\"index\":0,\"id\":\"(the key)\",\"function\":{\"name\":\"(the key)\","
                                        + "\"arguments\":\"(the key)\"}}]}}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"index\":0,\"text\":\"hi\"}",
                "{\"index\":0,\"message\":{\"content\":\"hi\"}}",
                "{\"index\":0,\"delta\":\"hi\"}",
                "{\"index\":0,\"delta\":{\"content\":[\"hi\"]}}",
                "{\"index\":0,\"delta\":{\"content\":{\"type\":\"text\",\"text\":\"hi\"}}}",
                "{\"index\":0,\"delta\":{\"content\":[{\"type\":\"text\",\"text\":[\"hi\"]}]}}",
                "{\"index\":0,\"delta\":{\"content\":[{\"type\":\"image_url\",\"text\":\"hi\"}]}}",
                "{\"index\":0,\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[[]]}]}}",
                "{\"index\":0,\"delta\":{\"reasoning_content\":[{\"type\":\"text\",\"text\":\"hi\"}]}}",
                "{\"index\":0,\"delta\":{\"tool_calls\":{\"id\":\"a\"}}}",
                "{\"index\":0,\"delta\":{\"tool_calls\":[\"a\"]}}",
                "{\"index\":0,\"delta\":{\"tool_calls\":[{\"function\":\"f\"}]}}",
            })
    void aPieceThatNoChatHasIsToldAndNotPassedOn(String choice) {
        service.script(sse("data: {\"choices\":[" + choice + "]}\n\n" + STOP + DONE));

        assertThatThrownBy(() -> answered(ask(custom(0))))
                .isInstanceOf(Misbehaved.class)
                .hasMessageContaining("the service");
        assertThat(events).isEmpty();
    }

    @Test
    void aContentInPartsBecomesItsTextAndItsThoughts() {
        service.script(
                sse("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":[]}}]}\n\n"
                        + "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":"
                        + "[{\"type\":\"text\",\"text\":\"h\"},{\"type\":\"text\",\"text\":\"m\"}]}]}}]}\n\n" + HELLO
                        + STOP + DONE),
                json("""
                {"choices":[{"index":0,"message":{"role":"assistant","content":[
                  {"type":"thinking","thinking":"hm","closed":true},{"type":"text","text":"hel"},{"type":"text","text":"lo"}]},
                  "finish_reason":"stop"}]}"""));

        answered(ask(custom(0)));
        answered(ask(custom(0)));

        assertThat(events)
                .extracting(event -> ((Delta) event).choice().path("delta").toString())
                .containsExactly(
                        "{\"reasoning_content\":\"hm\"}",
                        "{\"content\":\"hello\"}",
                        "{\"content\":\"hello\",\"reasoning_content\":\"hm\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "[{}]", "[{\"index\":0}]", "[{\"index\":0,\"delta\":null}]", "null"})
    void aPieceWithNothingInItIsPassedOver(String choices) {
        service.script(sse("data: {\"choices\":" + choices + "}\n\n" + HELLO + STOP + DONE));

        answered(ask(custom(0)));

        assertThat(events).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[[0.1,0.2]]",
                "[\"a\"]",
                "[{\"index\":0}]",
                "[{\"embedding\":[]}]",
                "[{\"embedding\":{}}]",
                "[{\"embedding\":[\"a\"]}]"
            })
    void vectorsThatAreNoneAreToldAndNotPassedOn(String data) {
        service.script(json("{\"data\":" + data + "}"));
        var body = JsonNodeFactory.instance.objectNode().put("input", "a");

        assertThatThrownBy(() -> answered(ask(custom(0), new GenerationRequest(Operation.EMBEDDINGS, body, "tester"))))
                .isInstanceOf(Misbehaved.class)
                .hasMessageContaining("vectors");
        assertThat(events).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ROLE, ": still here\n\n"})
    void aServiceThatHasBegunToAnswerIsNotAskedAgain(String beginning) {
        service.script(sse(beginning), sse(HELLO + STOP + DONE));

        assertThatThrownBy(() -> answered(ask(custom(2))))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("broke off its answer");
        assertThat(service.heard()).hasSize(1);
    }

    /** It was taken for the end: of a long answer, what came within five seconds was told as all of it. */
    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "\" \"", "\"null\"", "null"})
    void aReasonWithoutAWordIsNoEndOfAnAnswer(String reason) {
        var begun = HELLO.replace("}}]}", "},\"finish_reason\":" + reason + "}]}");
        service.script(sse(begun), sse(begun + STOP.replace("stop", "length") + DONE));

        assertThatThrownBy(() -> answered(ask(custom(0))))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("broke off its answer");
        assertThat(answered(ask(custom(0))).finishReason()).isEqualTo("length");
    }

    @Test
    void aCountOfAnthropicsIsNoEndOfAnAnswerEither() throws IOException {
        var counted =
                "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":null},\"usage\":{\"output_tokens\":1}}\n\n";
        service.script(sse(BEGINS + counted), sse(BEGINS + counted + ENDS));
        var provider = new Provider.Anthropic("theirs", access(0, SILENCE));

        assertThatThrownBy(() -> answered(ask(provider)))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("broke off its answer");
        assertThat(answered(ask(provider)).outputTokens()).isEqualTo(5);
    }

    @Test
    void aPromptThatAnthropicHasChargedForIsNotSentAgain() throws IOException {
        service.script(sse(BEGINS), sse(BEGINS + ENDS));

        assertThatThrownBy(() -> answered(ask(new Provider.Anthropic("theirs", access(2, SILENCE)))))
                .isInstanceOf(RemoteUnavailable.class);
        assertThat(service.heard()).hasSize(1);
    }

    @Test
    void anAnswerInOnePieceThoughAStreamWasAskedForIsRead() {
        service.script(json("""
                {"choices":[{"index":0,"message":{"role":"assistant","content":"hello","tool_calls":[
                  {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
                  {"id":"b","type":"function","function":{"name":"g","arguments":{"b":2}}}]},"finish_reason":"stop"}],
                 "usage":{"prompt_tokens":7,"completion_tokens":2}}"""));

        var result = answered(ask(custom(2)));

        assertThat(result.finishReason()).isEqualTo("stop");
        assertThat(result.inputTokens()).isEqualTo(7);
        assertThat(events).singleElement().satisfies(event -> {
            var delta = (Delta) event;
            assertThat(delta.text()).isEqualTo("hello");
            assertThat(delta.choice().at("/delta/tool_calls/1/index").asInt()).isEqualTo(1);
            assertThat(delta.choice()
                            .at("/delta/tool_calls/1/function/arguments")
                            .textValue())
                    .isEqualTo("{\"b\":2}");
        });
        assertThat(service.heard()).hasSize(1);
    }

    @Test
    void anAnswerOfAnthropicsInOnePieceIsReadToo() throws IOException {
        service.script(json("""
                {"type":"message","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"hello"},
                  {"type":"tool_use","id":"t","name":"look","input":{"a":1}}],
                 "stop_reason":"tool_use","usage":{"input_tokens":9,"output_tokens":5}}"""));

        var result = answered(ask(new Provider.Anthropic("theirs", access(2, SILENCE))));

        assertThat(result.finishReason()).isEqualTo("tool_calls");
        assertThat(result.inputTokens()).isEqualTo(9);
        assertThat(result.outputTokens()).isEqualTo(5);
        assertThat(events).hasSize(3);
        assertThat(((Delta) events.get(0)).reasoning()).isEqualTo("hm");
        assertThat(((Delta) events.get(1)).text()).isEqualTo("hello");
        assertThat(((Delta) events.get(2))
                        .choice()
                        .at("/delta/tool_calls/0/function/arguments")
                        .textValue())
                .isEqualTo("{\"a\":1}");
    }

    @Test
    void whatAnthropicReadFromItsCacheIsNoCountWithoutTheRest() throws IOException {
        var counts = new LinkedHashMap<String, Long>();
        counts.put("\"input_tokens\":9,\"cache_read_input_tokens\":100,\"cache_creation_input_tokens\":20", 129L);
        counts.put("\"cache_read_input_tokens\":100", null);
        counts.put("\"input_tokens\":9223372036854775807,\"cache_read_input_tokens\":9223372036854775807", null);

        for (var usage : counts.entrySet()) {
            service.script(json("""
                    {"type":"message","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn",
                     "usage":{%s,"output_tokens":5}}""".formatted(usage.getKey())));
            assertThat(answered(ask(new Provider.Anthropic("theirs", access(0, SILENCE))))
                            .inputTokens())
                    .as(usage.getKey())
                    .isEqualTo(usage.getValue());
        }
    }

    @Test
    void anErrorWhoseBodyNeverEndsIsToldWithWhatHasComeOfIt() {
        service.script(service.hanging(500, "{\"error\":"));

        assertThatThrownBy(() -> answered(ask(custom(0, SHORT_SILENCE))))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("status 500");
    }

    /** The clock of the service's silence ran while nobody listened to it. */
    @Test
    void aClientThatReadsSlowlyIsNotTakenForASilentService() {
        service.script(sse(HELLO.repeat(2000) + STOP + DONE));
        var never = new CountDownLatch(1);
        var told = new CopyOnWriteArrayList<Boolean>();

        var generation = models.serve("m", custom(0, SHORT_SILENCE), LIMIT).generate(atZero("Say hello"), LIMIT, _ -> {
            if (told.isEmpty()) {
                try {
                    told.add(never.await(SHORT_SILENCE.toSeconds() + 2, TimeUnit.SECONDS));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        });

        assertThat(answered(generation).finishReason()).isEqualTo("stop");
    }

    @ParameterizedTest
    @ValueSource(strings = {"overloaded_error", "rate_limit_error", "api_error"})
    void anOverloadOfAnthropicsIsNoNonsense(String type) throws IOException {
        var error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"" + type
                + "\",\"message\":\"Overloaded\"}}\n\n";
        service.script(sse(error), sse(BEGINS + ENDS), sse(BEGINS + error), sse(BEGINS + ENDS));
        var provider = new Provider.Anthropic("theirs", access(2, SILENCE));

        assertThat(answered(ask(provider)).finishReason()).isEqualTo("stop");
        assertThat(service.heard()).hasSize(2);
        assertThatThrownBy(() -> answered(ask(provider)))
                .isInstanceOf(RemoteUnavailable.class)
                .hasMessageContaining("Overloaded");
        assertThat(service.heard()).hasSize(3);
    }

    @Test
    void anotherErrorOfAnthropicsStaysWhatItIs() throws IOException {
        service.script(sse("data: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
                + "\"message\":\"odd\"}}\n\n"));

        assertThatThrownBy(() -> answered(ask(new Provider.Anthropic("theirs", access(2, SILENCE)))))
                .isInstanceOf(Misbehaved.class)
                .hasMessageContaining("odd");
    }

    /** The function was run without them. */
    @Test
    void argumentsThatAreAnObjectBecomeTheirText() {
        service.script(sse("data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"function\":"
                + "{\"name\":\"f\",\"arguments\":{\"a\":1}}}]}}]}\n\n" + STOP + DONE));

        answered(ask(custom(0)));

        assertThat(events)
                .singleElement()
                .satisfies(event -> assertThat(((Delta) event)
                                .choice()
                                .at("/delta/tool_calls/0/function/arguments")
                                .textValue())
                        .isEqualTo("{\"a\":1}"));
    }

    @Test
    void anAnswerThatIsWholeCountsThoughTheServiceDoesNotSayGoodbye() {
        service.script(service.hanging(200, HELLO + STOP));

        var result = answered(ask(custom(0)));

        assertThat(result.finishReason()).isEqualTo("stop");
        assertThat(result.outputTokens()).isEqualTo(2);
    }

    /** What came more than five seconds after the reason was lost without a word. */
    @Test
    void anAnswerThatGoesOnAfterTheReasonForItsEndIsPassedOnForAsLongAsItComes() {
        var pieces = 70;
        service.script(exchange -> {
            exchange.sendResponseHeaders(200, 0);
            var body = exchange.getResponseBody();
            body.write((HELLO + STOP).getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < pieces; i++) {
                body.flush();
                boolean _ = new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
                body.write(HELLO.getBytes(StandardCharsets.UTF_8));
            }
            body.write(DONE.getBytes(StandardCharsets.UTF_8));
        });

        assertThat(answered(ask(custom(0))).finishReason()).isEqualTo("stop");
        assertThat(events).hasSize(1 + pieces);
    }

    @Test
    void aDateToComeBackAtIsKeptTo() {
        var inAnHour = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                ZonedDateTime.now(ZoneOffset.UTC).plusHours(1));
        var longAgo = "Sun, 06 Nov 1994 08:49:37 GMT";
        service.script(status(429, longAgo, "now"), sse(HELLO + STOP + DONE), status(429, inAnHour, "come back later"));

        assertThat(answered(ask(custom(1))).finishReason()).isEqualTo("stop");
        assertThatThrownBy(() -> answered(ask(custom(2))))
                .isInstanceOfSatisfying(
                        Saturated.class,
                        full -> assertThat(full.retryAfter())
                                .isBetween(Duration.ofMinutes(55), Duration.ofMinutes(61)));
        assertThat(service.heard()).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "-1", "1.5", "99999999999999999999", "Wed, 01 Jan 2099"})
    void aTimeToComeBackAtThatCannotBeReadIsNotGuessedAt(String when) {
        service.script(status(429, when, "full"), sse(HELLO + STOP + DONE));

        assertThatThrownBy(() -> answered(ask(custom(2)))).isInstanceOf(Saturated.class);
        assertThat(service.heard()).hasSize(1);
    }

    private Generation ask(Provider.Remote provider) {
        return ask(provider, atZero("Say hello"));
    }

    private Generation ask(Provider.Remote provider, GenerationRequest request) {
        return models.serve("m", provider, LIMIT).generate(request, LIMIT, events::add);
    }

    private static Answered answered(Generation generation) {
        return (Answered) generation.result().await().atMost(LIMIT);
    }

    private Provider.Remote custom(int retries) {
        return custom(retries, SILENCE);
    }

    private Provider.Remote custom(int retries, Duration silence) {
        return new Provider.Custom(null, service.access(new ApiKey.None(), retries, silence));
    }

    private RemoteAccess access(int retries, Duration silence) throws IOException {
        var file = Files.writeString(directory.resolve("key"), KEY);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return service.access(new ApiKey.File(file), retries, silence);
    }
}
