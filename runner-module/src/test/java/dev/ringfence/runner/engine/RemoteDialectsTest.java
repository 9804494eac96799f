package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What services elsewhere are asked, and what they answer, in their own words. */
class RemoteDialectsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TOOLS =
            ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"auto\"";
    private final AnthropicDialect anthropic = new AnthropicDialect("theirs");

    @Test
    void callsAreCountedFromZeroAndEachPieceBelongsToItsCall() {
        var answer = new RemoteAnswer("it", chat(""));
        var heard = new ArrayList<GenerationEvent>();
        for (var data : new String[] {
            "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\"}}",
            "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\"}}",
            "{\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\"}}",
            "{\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}}",
            "{\"type\":\"content_block_start\",\"index\":3,\"content_block\":{\"type\":\"server_tool_use\"}}",
            "{\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"x\"}}",
            "{\"type\":\"content_block_start\",\"index\":4,\"content_block\":{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"g\"}}",
            "{\"type\":\"content_block_delta\",\"index\":4,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"[\"}}"
        }) {
            anthropic.accept(new SseReader.Event("message", data), answer, heard::add);
        }

        assertThat(heard)
                .extracting(event -> {
                    var call = ((Delta) event).choice().at("/delta/tool_calls/0");
                    return call.path("index").asText()
                            + call.path("id").asText("")
                            + call.at("/function/arguments").asText();
                })
                .containsExactly("0a", "0{", "1b", "1[");
    }

    @Test
    void oneCallAtATimeIsAskedForInAnthropicsWords() {
        var one = anthropic.body(chat(TOOLS + ",\"parallel_tool_calls\":false"));
        var several = anthropic.body(chat(TOOLS + ",\"parallel_tool_calls\":true"));

        assertThat(one.path("tool_choice")).hasToString("{\"type\":\"auto\",\"disable_parallel_tool_use\":true}");
        assertThat(several.path("tool_choice")).hasToString("{\"type\":\"auto\"}");
    }

    @Test
    void argumentsOfACallAreAnObjectForAnthropicAlsoWhenThereAreNone() {
        var body = anthropic.body(callWith(""));

        assertThat(body.at("/messages/0/content/0/input")).hasToString("{}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[1]", "7", "null", "{", "word"})
    void argumentsOfACallThatAreNoObjectAreRefusedForAnthropic(String arguments) {
        assertThatThrownBy(() -> anthropic.body(callWith(arguments)))
                .isInstanceOf(InvalidRequest.class)
                .hasMessageContaining("call-1");
    }

    private static GenerationRequest callWith(String arguments) {
        var request = chat("");
        var call = request.body()
                .withArray("messages")
                .addObject()
                .put("role", "assistant")
                .putArray("tool_calls")
                .addObject()
                .put("id", "call-1");
        call.putObject("function").put("name", "f").put("arguments", arguments);
        return request;
    }

    @ParameterizedTest
    @CsvSource({"seed,1", "temperature,1.7", "logit_bias,{}", "top_k,3", "frequency_penalty,1"})
    void whatAnthropicHasNoWordForIsRefusedByName(String name, String value) {
        assertThatThrownBy(() -> anthropic.body(chat(",\"" + name + "\":" + value)))
                .isInstanceOfSatisfying(
                        InvalidRequest.class,
                        refusal -> assertThat(refusal.parameter()).hasValue(name))
                .hasMessageContaining(name);
    }

    @Test
    void onlyOpenAiItselfIsGivenTheNewerNameOfALength() {
        var asked = chat(",\"max_tokens\":9");

        assertThat(new OpenAiDialect("theirs", true).body(asked))
                .hasToString("{\"messages\":[],\"model\":\"theirs\",\"max_completion_tokens\":9,\"stream\":true,"
                        + "\"stream_options\":{\"include_usage\":true}}");
        assertThat(new OpenAiDialect("theirs", false)
                        .body(asked)
                        .path("max_tokens")
                        .asInt())
                .isEqualTo(9);
        assertThat(asked.body().path("max_tokens").asInt()).isEqualTo(9);
    }

    private static GenerationRequest chat(String fields) {
        try {
            var body = (ObjectNode) JSON.readTree("{\"messages\":[]" + fields + "}");
            return new GenerationRequest(Operation.CHAT, body, "tester");
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(fields, e);
        }
    }
}
