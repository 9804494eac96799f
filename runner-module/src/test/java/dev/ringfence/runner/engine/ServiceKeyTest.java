package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceKeyTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "no sk-a/b+c= here        | no (the key) here",
                "sk-a/b+c=sk-a/b+c=       | (the key)(the key)",
                "sk-a\\/b+c=              | (the key)",
                "\\u0073k-a\\u002Fb\\u002bc= | (the key)",
                "\\\\u0073k-a\\\\/b+c=    | (the key)",
                "sk-a%2Fb%2bc%3D          | (the key)",
                "sk-a/b+c                 | sk-a/b+c",
                "sk-a/b+c\\               | sk-a/b+c\\",
                "ssk-a/b+c=               | s(the key)",
            })
    void aWholeKeyIsFoundHoweverItIsWritten(String said, String shown) {
        assertThat(new ServiceKey("sk-a/b+c=").hiddenIn(said, 100)).isEqualTo(shown);
    }

    @Test
    void aKeyIsTakenOutBeforeTheTextIsCut() {
        assertThat(new ServiceKey("secret-key").hiddenIn("it is secret-key", 10))
                .isEqualTo("it is (the…");
        assertThat(new ServiceKey(null).hiddenIn("anything", 100)).isEqualTo("anything");
    }

    @Test
    void aWordThatServersWithoutKeysAreGivenStaysInAnswers() {
        var heard = new ArrayList<GenerationEvent>();
        var choice = JsonNodeFactory.instance.objectNode();
        choice.putObject("delta").put("content", "I run in ollama");

        new ServiceKey("ollama").hiddenFrom(heard::add).heard(new Delta(choice));

        assertThat(((Delta) heard.getFirst()).text()).isEqualTo("I run in ollama");
    }
}
