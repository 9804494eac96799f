package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.ScriptedService.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.RemoteAccess.ApiKey;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.TooManyVectors;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Vectors of services elsewhere, which are passed on as they were asked for or not at all. */
class RemoteVectorsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** 0.5 and -1. */
    private static final String BASE64 = "AAAAPwAAgL8=";

    private final ScriptedService service = new ScriptedService();
    private final RemoteModels models = new RemoteModels();
    private final List<GenerationEvent> events = new CopyOnWriteArrayList<>();

    @AfterEach
    void stop() {
        service.close();
        models.close();
    }

    /** OpenAI's client for Node asks for Base64, and made empty vectors of the numbers without an error. */
    @Test
    void numbersBecomeTheBase64ThatWasAskedFor() {
        answer("{\"index\":0,\"embedding\":[0.5,-1],\"object\":\"embedding\"}");

        ask("base64", "a");

        assertThat(vectors()).hasToString("[{\"object\":\"embedding\",\"index\":0,\"embedding\":\"" + BASE64 + "\"}]");
        assertThat(service.heard().getFirst().body()).contains("\"encoding_format\":\"base64\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"float", ""})
    void base64BecomesTheNumbersThatWereAskedFor(String format) {
        answer("{\"index\":0,\"embedding\":\"" + BASE64 + "\"}");

        ask(format, "a");

        assertThat(vectors().at("/0/embedding")).hasToString("[0.5,-1.0]");
    }

    @ParameterizedTest
    @CsvSource({"base64, '\"AAAAPwAAgL8=\"'", "float, '[0.123456789012345,7]'"})
    void whatIsAsAskedForStaysAsItIs(String format, String vector) {
        answer("{\"index\":0,\"embedding\":" + vector + "}");

        ask(format, "a");

        assertThat(vectors().at("/0/embedding")).hasToString(vector);
    }

    @Test
    void vectorsComeInTheOrderOfTheirInputsWhateverTheServicesIs() {
        answer("{\"index\":1,\"embedding\":[1]},{\"index\":0,\"embedding\":[0]}");

        ask("float", "a", "b");

        assertThat(vectors()).extracting(vector -> vector.path("index").asInt()).containsExactly(0, 1);
        assertThat(vectors().at("/1/embedding")).hasToString("[1]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"embedding\":[0]},{\"embedding\":[1]}",
                "{\"index\":null,\"embedding\":[0]},{\"embedding\":[1]}"
            })
    void vectorsWithoutAnyIndexAreInTheOrderOfTheirInputs(String answer) {
        answer(answer);

        ask("float", "a", "b");

        assertThat(vectors()).extracting(vector -> vector.path("index").asInt()).containsExactly(0, 1);
        assertThat(vectors().at("/1/embedding")).hasToString("[1]");
    }

    @Test
    void tokenIdsAreOneInputAndListsOfThemSeveral() {
        answer("{\"embedding\":[0]}");
        answer("{\"embedding\":[0]},{\"embedding\":[1]}");
        var one = JsonNodeFactory.instance.arrayNode().add(1).add(2).add(3);
        var two = JsonNodeFactory.instance.arrayNode().add(one).add(one);

        ask("float", one);
        ask("float", two);

        assertThat(events).hasSize(2);
    }

    /** All of these were passed on as if nothing were wrong. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"index":0,"embedding":[1]}                                                       | 1 vectors for 2 inputs
            {"index":0,"embedding":[1]},{"index":1,"embedding":[1]},{"index":2,"embedding":[1]} | 3 vectors for 2 inputs
            {"index":0,"embedding":[1]},{"index":0,"embedding":[1]}                           | two vectors of index 0
            {"index":0,"embedding":[1]},{"index":7,"embedding":[1]}                           | index 7 for 2 inputs
            {"index":-1,"embedding":[1]},{"index":0,"embedding":[1]}                          | index -1 for 2 inputs
            {"index":0,"embedding":[1]},{"index":1.0,"embedding":[1]}                         | index 1.0 for 2 inputs
            {"index":0,"embedding":[1]},{"index":"1","embedding":[1]}                         | index "1" for 2 inputs
            {"index":0,"embedding":[1]},{"embedding":[1]}                                     | index none for 2 inputs
            {"embedding":[1]},{"index":1,"embedding":[1]}                                     | only some have an index
            {"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}                         | of different length: 1 numbers and 2
            {"index":0,"embedding":"zzz"},{"index":1,"embedding":"zzz"}                       | number 0 is none
            {"index":0,"embedding":[1]},{"index":1,"embedding":"AAA="}                        | number 1 is none
            {"index":0,"embedding":[1]},{"index":1,"embedding":"AAAAPw"}                      | number 1 is none
            {"index":0,"embedding":[1]},{"index":1,"embedding":"AACAfw=="}                    | number 1 is none
            {"index":0,"embedding":[1]},{"index":1,"embedding":[1e400]}                       | number 1 is none
            """)
    void vectorsThatAreNotThoseOfTheInputsAreToldAndNotPassedOn(String vectors, String what) {
        answer(vectors);
        answer(vectors);

        for (var format : List.of("float", "base64")) {
            assertThatThrownBy(() -> ask(format, "a", "b"))
                    .isInstanceOf(Misbehaved.class)
                    .hasMessageContaining("the service answered with")
                    .hasMessageContaining(what);
        }
        assertThat(events).isEmpty();
    }

    @Test
    void numbersThatTakeMoreOfTheHeapThanTheirBase64HaveToHaveRoom() throws JsonProcessingException {
        var data = JSON.readTree("[{\"embedding\":\"" + "AAAA".repeat(100) + "\"}]");

        try (var small = new AnswerRoom(() -> 2999).share(AnswerRoom.Use.VECTORS);
                var enough = new AnswerRoom(() -> 4000).share(AnswerRoom.Use.VECTORS)) {
            assertThatThrownBy(() -> new VectorForm("it", false).vectors(data.deepCopy(), 1, small))
                    .isInstanceOf(TooManyVectors.class);
            assertThat(new VectorForm("it", false)
                            .vectors(data, 1, enough)
                            .data()
                            .at("/0/embedding"))
                    .hasSize(75);
        }
    }

    private void answer(String vectors) {
        service.script(json("{\"data\":[" + vectors + "],\"usage\":{\"prompt_tokens\":3}}"));
    }

    private void ask(String format, String... texts) {
        var input = JsonNodeFactory.instance.arrayNode();
        List.of(texts).forEach(input::add);
        ask(format, input);
    }

    private void ask(String format, JsonNode input) {
        ObjectNode body = JsonNodeFactory.instance.objectNode().set("input", input);
        if (!format.isEmpty()) {
            body.put("encoding_format", format);
        }
        var provider = new Provider.Custom(null, service.access(new ApiKey.None(), 0, Duration.ofSeconds(30)));
        models.serve("m", provider, LIMIT)
                .generate(new GenerationRequest(Operation.EMBEDDINGS, body, "tester"), LIMIT, events::add)
                .result()
                .await()
                .atMost(LIMIT);
    }

    private JsonNode vectors() {
        return ((Vectors) events.getFirst()).data();
    }
}
