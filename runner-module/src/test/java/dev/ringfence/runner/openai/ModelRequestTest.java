package dev.ringfence.runner.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelRequestTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HELLO = "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]";

    @Test
    void whatIsSupportedReachesTheModelAndTheRestIsNamed() {
        // When
        var request = chat(
                "%s,\"max_completion_tokens\":9,\"stop\":\"x\",\"seed\":-1,\"n\":1,\"metadata\":{},\"user\":\"u\",\"foo\":{},\"bar\":null"
                        .formatted(HELLO));

        // Then
        assertThat(request.ignored()).containsExactly("metadata", "foo");
        assertThat(request.stream()).isFalse();
        assertThat(request.body())
                .hasToString("{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"seed\":4294967294,"
                        + "\"stop\":[\"x\"],\"max_tokens\":9,\"user\":\"u\"}");
    }

    /** They were passed over without a word. */
    @Test
    void whatIsNotKnownWithinAParameterIsNamedToo() {
        var request = ModelRequest.of(Operation.CHAT, json("""
                {"model":"m","messages":[{"role":"user","content":"Hello"}],"stream":true,"foo":1,
                 "stream_options":{"include_usage":true,"include_obfuscation":false,"x":null},
                 "response_format":{"type":"json_schema","y":1,
                  "json_schema":{"name":"n","strict":false,"schema":{"type":"object"},"z":1}},
                 "tools":[{"type":"function","a":1,"function":{"name":"f","parameters":{},"b":1}}],
                 "tool_choice":{"type":"function","function":{"name":"f","c":1}}}"""));

        assertThat(request.ignored())
                .containsExactly(
                        "foo",
                        "response_format.y",
                        "response_format.json_schema.z",
                        "tools[0].a",
                        "tools[0].function.b",
                        "tool_choice.function.c",
                        "stream_options.include_obfuscation");
    }

    @Test
    void whatIsNotKnownWithinAParameterOfAResponsesRequestIsNamedAsItIsThere() {
        var request = responses(
                "\"input\":\"x\",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\","
                        + "\"schema\":{\"type\":\"object\"},\"z\":1}},\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"b\":1}]");

        assertThat(request.ignored()).containsExactly("text.format.z", "tools[0].b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tools", "response_format", "logit_bias"})
    void whatAnEngineMakesAGrammarOfIsBounded(String parameter) {
        var text = "x".repeat(200_000);
        var request = switch (parameter) {
            case "tools" ->
                "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"" + text + "\"}}]";
            case "response_format" ->
                "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"title\":\"" + text
                        + "\"}}}";
            default ->
                IntStream.range(10_000, 40_000)
                        .mapToObj(token -> "\"" + token + "\":1")
                        .collect(Collectors.joining(",", "\"logit_bias\":{", "}"));
        };

        assertThatThrownBy(() -> chat(HELLO + "," + request))
                .hasMessageContaining("'" + parameter + "'")
                .hasMessageContaining("131072");
    }

    @Test
    void whatAServiceElsewhereIsToldOfASchemaAndAFunctionStaysAsTheClientSaysIt() {
        var format =
                "%s,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":{}%s}},"
                        + "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"%s}}]";

        var loose = chat(format.formatted(HELLO, ",\"strict\":false,\"description\":\"d\"", ",\"strict\":true"));
        var silent = chat(format.formatted(HELLO, ",\"strict\":null", ""));

        assertThat(loose.body().at("/response_format/json_schema"))
                .hasToString("{\"name\":\"x\",\"schema\":{},\"description\":\"d\",\"strict\":false}");
        assertThat(loose.body().at("/tools/0/function/strict").asBoolean()).isTrue();
        assertThat(silent.body().at("/response_format/json_schema").has("strict"))
                .isFalse();
        assertThatThrownBy(() -> chat(format.formatted(HELLO, ",\"strict\":1", "")))
                .hasMessageContaining("'response_format.json_schema.strict'");
        assertThatThrownBy(() -> chat(HELLO + ",\"reasoning_effort\":5")).hasMessageContaining("'reasoning_effort'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "[\"\"]", "[]"})
    void anEmptyTextCannotBeContinued(String prompt) {
        var request = "{\"model\":\"m\",\"prompt\":" + prompt + "}";

        assertThatThrownBy(() -> ModelRequest.of(Operation.COMPLETION, json(request)))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("'prompt'");
    }

    @Test
    void partsOfTextBecomeOneAndDevelopersSpeakAsTheSystem() {
        // When
        var request = chat("""
                "model":"m","messages":[
                  {"role":"developer","content":[{"type":"text","text":"Be "},{"type":"text","text":"brief"}]},
                  {"role":"assistant","content":null,"tool_calls":[
                    {"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
                  {"role":"tool","tool_call_id":"c","content":"42"}]""");

        // Then
        assertThat(request.body().path("messages")).isEqualTo(json("""
                {"messages":[
                  {"role":"system","content":"Be brief"},
                  {"role":"assistant","content":"","tool_calls":[
                    {"type":"function","id":"c","function":{"name":"f","arguments":"{}"}}]},
                  {"role":"tool","content":"42","tool_call_id":"c"}]}""").path("messages"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "temperature                | 2.1",
                "top_p                      | -0.1",
                "presence_penalty           | \"high\"",
                "max_tokens                 | 0",
                "seed                       | 1.5",
                "n                          | 2",
                "best_of                    | 2",
                "stop                       | [\"a\",\"b\",\"c\",\"d\",\"e\"]",
                "logit_bias                 | {\"12\":101}",
                "top_logprobs               | 3",
                "stream_options             | {\"include_usage\":true}",
                "response_format.type       | {\"type\":\"grammar\"}",
                "tools[0].type              | [{\"type\":\"web_search\"}]",
                "tools[0].function.name     | [{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]",
                "tool_choice                | \"required\"",
                "functions                  | []",
                "modalities                 | [\"audio\"]"
            })
    void whatCannotBeHadIsRefusedByName(String param, String value) {
        // Given
        var name = param.replaceFirst("[\\[.].*", "");

        // Then
        assertThatThrownBy(() -> chat(HELLO + ",\"" + name + "\":" + value))
                .isInstanceOfSatisfying(
                        InvalidParameter.class,
                        error -> assertThat(error.param()).isEqualTo(param));
    }

    @Test
    void aToolMustBeOneOfThoseThatAreThere() {
        // Given
        var tools = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":"
                + "{\"type\":\"function\",\"function\":{\"name\":\"%s\"}}";

        // Then
        assertThat(chat(HELLO + tools.formatted("f"))
                        .body()
                        .path("tools")
                        .path(0)
                        .path("function")
                        .path("parameters"))
                .isEqualTo(json("{\"type\":\"object\",\"properties\":{}}"));
        assertThatThrownBy(() -> chat(HELLO + tools.formatted("g"))).hasMessageContaining("[f]");
    }

    @Test
    void aResponsesRequestComesToTheSameChat() {
        // When
        var request = ResponsesRequest.of(json("""
                {"model":"m","instructions":"Be brief","input":[
                   {"role":"user","content":[{"type":"input_text","text":"Hello"}]},
                   {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
                   {"type":"function_call_output","call_id":"c","output":"42"}],
                 "max_output_tokens":9,"store":false,"foo":1}"""));

        // Then
        assertThat(request.ignored()).containsExactly("foo");
        assertThat(request.request().body().path("max_tokens").asInt()).isEqualTo(9);
        assertThat(request.request().body().path("messages"))
                .extracting(message -> message.path("role").asText())
                .containsExactly("system", "user", "assistant", "tool");
        assertThatThrownBy(() -> ResponsesRequest.of(json("{\"model\":\"m\",\"input\":\"x\",\"store\":true}")))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("store");
    }

    @Test
    void aResponsesRequestPassesOnHowTokensAreChosenAndNamesOnlyWhatHasNoEffect() {
        // When
        var request = responses("\"input\":\"x\",\"presence_penalty\":1,\"frequency_penalty\":1,\"typical_p\":1,"
                + "\"repeat_penalty\":1,\"logit_bias\":{\"5\":1},\"metadata\":{\"a\":\"b\"},\"user\":\"u\",\"include\":[]"
                + ",\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"},\"text\":{\"verbosity\":\"low\"}");

        // Then
        assertThat(request.ignored()).containsExactly("reasoning.summary", "include");
        assertThat(request.request().body().path("reasoning_effort").asText()).isEqualTo("low");
        assertThat(request.request().body().path("verbosity").asText()).isEqualTo("low");
        assertThat(request.echo().path("metadata")).hasToString("{\"a\":\"b\"}");
        assertThat(request.request().body().fieldNames())
                .toIterable()
                .contains("presence_penalty", "frequency_penalty", "typical_p", "repeat_penalty", "logit_bias");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "max_output_tokens         | `input`:`x`,`max_output_tokens`:0",
                "n                         | `input`:`x`,`n`:2",
                "best_of                   | `input`:`x`,`best_of`:2",
                "input                     | `input`:7",
                "input[1].role             | `instructions`:`i`,`input`:[{`content`:`a`,`role`:`user`},{`role`:`x`}]",
                "input[0].content          | `input`:[{`role`:`user`,`content`:7}]",
                "input[0].content[1].text  | `input`:[{`role`:`user`,`content`:[{`type`:`input_text`,`text`:`a`},{`type`:`input_text`}]}]",
                "input[0].name             | `input`:[{`type`:`function_call`,`call_id`:`c`,`arguments`:`{}`}]",
                "input[0].call_id          | `input`:[{`type`:`function_call_output`,`output`:`4`}]",
                "instructions              | `instructions`:[1],`input`:`x`",
                "text.format.schema        | `input`:`x`,`text`:{`format`:{`type`:`json_schema`}}",
                "text.format.type          | `input`:`x`,`text`:{`format`:{`type`:`xml`}}",
                "tools[0].name             | `input`:`x`,`tools`:[{`type`:`function`,`name`:`a b`}]",
                "tool_choice.name          | `input`:`x`,`tools`:[{`type`:`function`,`name`:`f`}],`tool_choice`:{`type`:`function`,`name`:`g`}"
            })
    void whatIsWrongWithAResponsesRequestHasTheNameThatItsClientSent(String param, String fields) {
        assertThatThrownBy(() -> responses(fields.replace('`', '"')))
                .isInstanceOfSatisfying(
                        InvalidParameter.class,
                        error -> assertThat(error.param()).isEqualTo(param))
                .hasMessageContaining("'" + param + "'");
    }

    /** A client sends it from its second message on, and then has to know what to change. */
    @Test
    void aReferenceToAnEarlierItemIsRefusedWithWhatToSendInstead() {
        assertThatThrownBy(() -> responses("\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_1\"}]"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("'input[0].type'")
                .hasMessageContaining("send the items themselves")
                .hasMessageContaining("\"store\": false");
    }

    @Test
    void anEmptyInputIsCalledSo() {
        assertThatThrownBy(() -> responses("\"input\":[]"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("'input' is empty");
    }

    @Test
    void whoAllowsSomeToolsOnlyIsToldToSendOnlyThem() {
        var tool = "{\"type\":\"function\",\"name\":\"f\"}";
        var allowed = "{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[" + tool + "]}";

        assertThatThrownBy(() -> responses("\"input\":\"x\",\"tools\":[" + tool + "],\"tool_choice\":" + allowed))
                .isInstanceOfSatisfying(
                        InvalidParameter.class,
                        error -> assertThat(error.param()).isEqualTo("tool_choice"))
                .hasMessageContaining("send only those tools");
    }

    private static ResponsesRequest responses(String fields) {
        return ResponsesRequest.of(json("{\"model\":\"m\"," + fields + "}"));
    }

    private static ModelRequest chat(String fields) {
        return ModelRequest.of(Operation.CHAT, json("{" + fields + "}"));
    }

    private static ObjectNode json(String text) {
        try {
            return (ObjectNode) JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(text, e);
        }
    }
}
