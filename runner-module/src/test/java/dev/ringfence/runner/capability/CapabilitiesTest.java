package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CapabilitiesTest {
    private final Capabilities capabilities = Capabilities.of(List.of(
            new ShellExec(FenceTools.without((command, listener) -> {
                throw new IllegalStateException("nothing is started here");
            })),
            new Odd()));

    @Test
    void capabilitiesAreFoundByNameAndListedInOrder() {
        assertThat(capabilities.all()).extracting(Capability::name).containsExactly("ShellExec", "Odd");
        assertThat(capabilities.find("ShellExec")).isPresent();
        assertThat(capabilities.find("shellexec")).isEmpty();
    }

    @Test
    void twoOfTheSameNameAreRefused() {
        assertThatThrownBy(() -> Capabilities.of(List.of(new Odd(), new Odd()))).hasMessageContaining("Odd");
    }

    @Test
    void aSchemaIsACopyThatNobodyCanSpoil() {
        // Given
        var shell = capabilities.find("ShellExec").orElseThrow();

        // When
        shell.schema().removeAll();

        // Then
        assertThat(shell.schema().path("properties").has("cmd")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    []                                | the document is an array, and must be of type object
                    {"cmd": 1}                        | /cmd is 1, and must be of type string
                    {"cmd": ""}                       | /cmd has 0 characters, and must have at least 1
                    {"cmd": "x", "timeout": 0}        | /timeout is 0, and must be at least 1
                    {"cmd": "x", "timeout": 301}      | /timeout is 301, and must be at most 300
                    {"cmd": "x", "timeout": 1.5}      | /timeout is 1.5, and must be of type integer
                    {"cmd": "x", "a/b": true}         | /a~1b is not known here
                    {"cmd": "x\\u0000"}               | /cmd is "x\\u0000", and must match ^[^\\u0000]*$
                    """)
    void eachViolationNamesThePlaceTheValueAndTheLimit(String arguments, String sentence) {
        assertThat(violations("ShellExec", arguments)).containsExactly(sentence);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"list": [1, 2, 3]}               | /list has 3 items, and may have at most 2
                    {"list": []}                      | /list has 0 items, and must have at least 1
                    {"list": [1, "😀😀😀"]}           | /list/1 has 3 characters, and must have at most 2
                    {"word": "c"}                     | /word is "c", and must be one of a, b
                    {"word": {}}                      | /word is an object, and must be one of a, b
                    {"even": 3}                       | /even is 3, and breaks the rule multipleOf 2
                    """)
    void otherRulesAreSaidTheSameWay(String arguments, String sentence) {
        assertThat(violations("Odd", arguments)).containsExactly(sentence);
    }

    @Test
    void aShellJobNeedsACommandOrAProgram() {
        assertThat(violations("ShellExec", "{}")).containsExactly("one of these is missing: /cmd, /argv");
    }

    @Test
    void allViolationsAreToldButNotEndlesslyMany() {
        // Given
        var arguments = new StringBuilder("{\"cmd\": 1");
        for (int i = 0; i < 100; i++) {
            arguments.append(", \"x").append(i).append("\": 1");
        }

        // Then
        assertThat(violations("ShellExec", "{\"cmd\": 1, \"timeout\": 0, \"x\": 1}"))
                .hasSize(3);
        assertThat(violations("ShellExec", arguments.append('}').toString())).hasSize(20);
    }

    @Test
    void aLongValueIsCutInTheMessage() {
        assertThat(violations("Odd", "{\"word\": \"" + "x".repeat(5000) + "\"}").getFirst())
                .hasSizeLessThan(150);
    }

    @Test
    void argumentsThatKeepTheSchemaPass() {
        var shell = capabilities.find("ShellExec").orElseThrow();
        capabilities.validate(shell, json("{\"cmd\": \"echo\\nhello\", \"timeout\": 300, \"stdin\": \"\"}"));
    }

    private List<String> violations(String capability, String arguments) {
        try {
            capabilities.validate(capabilities.find(capability).orElseThrow(), json(arguments));
            return List.of();
        } catch (InvalidArguments e) {
            return e.violations();
        }
    }

    private static JsonNode json(String text) {
        try {
            return JsonMapper.builder().build().readTree(text);
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static final class Odd implements Capability {
        @Override
        public String name() {
            return "Odd";
        }

        @Override
        public String description() {
            return "Has rules that the others have not";
        }

        @Override
        public ObjectNode schema() {
            return JsonSchemas.parse("""
                    {"type": "object", "properties": {
                      "list": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"maxLength": 2}},
                      "word": {"enum": ["a", "b"]},
                      "even": {"multipleOf": 2}}}
                    """);
        }

        @Override
        public boolean repeatable() {
            return true;
        }

        @Override
        public Execution start(Invocation invocation, OutputSink sink) {
            throw new IllegalStateException("never started");
        }

        @Override
        public Outcome dryRun(Invocation invocation) {
            throw new IllegalStateException("never asked");
        }
    }
}
