package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
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
}
