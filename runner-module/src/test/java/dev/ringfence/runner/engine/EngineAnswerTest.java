package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Answers that are held to calls of functions by a grammar. */
class EngineAnswerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void textsThatEndAnAnswerAreLookedForInItsContentAndNotInTheJsonAroundIt() throws IOException {
        var answer = new EngineAnswer(request("auto", "\"stop\":[\"\\\"\",\"content\"]"), false);

        var sent = JSON.readTree(new String(answer.body(0), StandardCharsets.UTF_8));
        var heard = heard(answer, "{\"content\":\"He said \\\"no\\\"\"}");

        assertThat(sent.has("stop")).isFalse();
        assertThat(heard).isEqualTo("He said ");
        assertThat(answer.finishReason()).isEqualTo("stop");
    }

    @Test
    void aContentThatEndsAsATextWouldBeginThatEndsItIsWhole() throws IOException {
        var answer = new EngineAnswer(request("auto", "\"stop\":[\"END\"]"), false);

        assertThat(heard(answer, "{\"content\":\"the EN\"}")).isEqualTo("the EN");
    }

    @Test
    void aCallIsNotEndedByTextsThatEndAnAnswer() throws IOException {
        var answer = new EngineAnswer(request("required", "\"stop\":[\"x\"]"), true);

        heard(answer, "{\"tool_calls\":[{\"name\":\"f\",\"arguments\":{\"x\":1}}]}");

        assertThat(answer.finishReason()).isEqualTo("tool_calls");
    }

    @Test
    void probabilitiesOfTokensThatTheCallerDoesNotGetAreRefusedByName() throws IOException {
        var asked = request("required", "\"logprobs\":true,\"top_logprobs\":2");

        assertThatThrownBy(() -> new EngineAnswer(asked, true))
                .isInstanceOfSatisfying(
                        InvalidRequest.class,
                        refusal -> assertThat(refusal.parameter()).hasValue("logprobs"));
        assertThat(new EngineAnswer(request("auto", "\"logprobs\":true"), true).finishReason())
                .isEmpty();
    }

    /** Each reference is from the root of the document that the schema is part of. */
    @Test
    void referencesInTheAnswersSchemaStillLeadToItsDefinitionsBesideTheFunctions() throws IOException {
        var asked = request(
                "auto",
                "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":"
                        + "{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":{\"type\":\"integer\"}}}}}");
        var answer = new EngineAnswer(EngineRequest.of(asked), false);

        var sent = JSON.readTree(new String(answer.body(0), StandardCharsets.UTF_8))
                .at("/response_format/json_schema/schema");

        var reference = sent.at("/anyOf/1/properties/content/$ref").asText();
        assertThat(reference).startsWith("#/$defs/n");
        assertThat(sent.at(reference.substring(1)).path("type").asText()).isEqualTo("integer");
        assertThat(heard(answer, "{\"content\": 42}")).isEqualTo("42");
    }

    private static String heard(EngineAnswer answer, String text) {
        var heard = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            var chunk = JsonNodeFactory.instance.objectNode();
            chunk.putArray("choices").addObject().putObject("delta").put("content", text.substring(i, i + 1));
            answer.accept(chunk.toString()).forEach(delta -> heard.append(delta.text()));
        }
        answer.accept("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}")
                .forEach(delta -> heard.append(delta.text()));
        return heard.toString();
    }

    private static GenerationRequest request(String choice, String fields) throws IOException {
        var body = (ObjectNode) JSON.readTree("""
                {"messages": [{"role": "user", "content": "Hi"}], "tool_choice": "%s", %s,
                 "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]}""".formatted(choice, fields));
        return new GenerationRequest(Operation.CHAT, body, "tester");
    }
}
