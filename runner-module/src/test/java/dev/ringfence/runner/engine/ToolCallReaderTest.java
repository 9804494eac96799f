package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ToolCallReaderTest {
    private static final String CALLS = """
            { "tool_calls" : [ {"name":"a","arguments":{"text":"}]\\"{","list":[1,{"x":{}}]}} ,
              {"name":"b_2", "arguments" : { } } ] }""";

    private final ToolCallReader jsonReader = new ToolCallReader(List.of(), true);
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder calls = new StringBuilder();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 1000})
    void callsAreReadHoweverTheTextIsCut(int length) {
        // When
        var reader = read(CALLS, length);

        // Then
        assertThat(calls).hasToString("[0:a]{\"text\":\"}]\\\"{\",\"list\":[1,{\"x\":{}}]}[1:b_2]{ }");
        assertThat(content).isEmpty();
        assertThat(reader.callsAreWhole()).isTrue();
    }

    @Test
    void contentIsUnescapedAndHalfACharacterWaitsForTheOtherHalf() {
        // When
        var reader = read("{\"content\": \"a\\n\\\"\\u00e9\\ud83d\\ude00\"}", 1);

        // Then
        assertThat(content).hasToString("a\n\"é😀");
        assertThat(reader.callsAreWhole()).isFalse();
    }

    @Test
    void contentThatIsAnObjectIsPassedOnAsItIs() {
        // When
        read("{\"content\":{\"a\":[\"}\"]}}", 3);

        // Then
        assertThat(content).hasToString("{\"a\":[\"}\"]}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"42", "-1.5e3", "null", "true", "\"a\\\"}\"", "[1,\"]\",{}]", "{\"a\":1}", "\"\""})
    void contentThatIsToBeJsonIsPassedOnAsItIsWhateverItsType(String value) {
        // When
        var text = "{ \"content\" : %s }".formatted(value);
        for (int i = 0; i < text.length(); i++) {
            jsonReader.accept(text.substring(i, i + 1)).forEach(delta -> content.append(delta.text()));
        }

        // Then
        assertThat(content).hasToString(value);
    }

    @Test
    void aCallThatIsCutOffIsNotWhole() {
        // When
        var reader = read("{\"tool_calls\":[{\"name\":\"a\",\"arguments\":{\"x\":1}", 4);

        // Then
        assertThat(reader.callsAreWhole()).isTrue();
        assertThat(read("{\"tool_calls\":[{\"name\":\"a\",\"arguments\":{\"x\":", 4)
                        .callsAreWhole())
                .isFalse();
    }

    private ToolCallReader read(String text, int length) {
        var reader = new ToolCallReader(List.of(), false);
        for (int i = 0; i < text.length(); i += length) {
            for (var delta : reader.accept(text.substring(i, Math.min(text.length(), i + length)))) {
                assertThat(delta.text())
                        .satisfies(piece -> assertThat(
                                        piece.isEmpty() || !Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
                                .isTrue());
                content.append(delta.text());
                delta.choice().path("delta").path("tool_calls").forEach(this::note);
            }
        }
        return reader;
    }

    private void note(JsonNode call) {
        var function = call.path("function");
        if (function.has("name")) {
            calls.append("[%d:%s]"
                    .formatted(call.path("index").asInt(), function.path("name").asText()));
            assertThat(call.path("id").asText()).startsWith("call_");
        }
        calls.append(function.path("arguments").asText());
    }
}
