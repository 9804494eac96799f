package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonWeightTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** A lower bound of what it is by the layout of the JDK's objects; the heap itself cannot be measured exactly. */
    @Test
    void aTreeOfSmallThingsWeighsManyTimesItsText() throws Exception {
        var empty = "[" + "[],".repeat(999) + "[]]";
        var fields = new ArrayList<String>();
        for (int i = 0; i < 1000; i++) {
            fields.add("\"" + i + "\":0");
        }

        assertThat(JsonWeight.of(MAPPER.readTree(empty))).isBetween(48_000L, 100_000L);
        assertThat(JsonWeight.of(MAPPER.readTree("{" + String.join(",", fields) + "}")))
                .isBetween(90_000L, 200_000L);
    }

    @Test
    void aTextWeighsAsMuchAsItsCharactersTake() throws Exception {
        var latin = "\u00e4".repeat(1_000_000);
        var other = "\u4e2d".repeat(1_000_000);

        for (var text : List.of(latin, other)) {
            long weight = JsonWeight.of(MAPPER.valueToTree(text));
            assertThat(weight)
                    .isBetween(
                            text.equals(latin) ? 1_000_000L : 2_000_000L, text.equals(latin) ? 1_001_000L : 2_001_000L);
        }
    }

    @Test
    void namesAndLongNumbersCount() throws Exception {
        assertThat(JsonWeight.of(MAPPER.readTree("{\"" + "n".repeat(10_000) + "\":1}")))
                .isGreaterThan(10_000);
        assertThat(JsonWeight.of(MAPPER.readTree("9".repeat(900)))).isGreaterThan(350);
    }

    @Test
    void anEventWeighsAllThatItHoldsAndNotItsTextsOnly() throws Exception {
        var choice = (ObjectNode) MAPPER.readTree("{\"delta\":{\"content\":\"x\"}}");
        long bare = new Delta(choice.deepCopy()).weight();
        choice.putArray("logprobs").addAll(Collections.nCopies(1000, MAPPER.createArrayNode()));

        assertThat(new Delta(choice).weight() - bare).isGreaterThan(64_000);
        assertThat(new Vectors((ArrayNode) MAPPER.readTree("[{\"embedding\":[" + "1,".repeat(999) + "1]}]")).weight())
                .isGreaterThan(32_000);
    }
}
