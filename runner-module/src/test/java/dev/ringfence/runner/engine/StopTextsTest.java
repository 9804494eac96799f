package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StopTextsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 100})
    void aTextEndsBeforeTheFirstOfThemHoweverItIsCut(int length) {
        assertThat(read(new StopTexts(List.of("END", "\n\n")), "an E, an EN\nand EEND and more\n\n", length))
                .isEqualTo("an E, an EN\nand E");
    }

    @Test
    void whatOnlyLookedLikeTheBeginningIsPassedOnInTheEnd() {
        var stops = new StopTexts(List.of("END"));

        assertThat(stops.accept("the EN")).isEqualTo("the ");
        assertThat(stops.rest()).isEqualTo("EN");
        assertThat(stops.reached()).isFalse();
    }

    @Test
    void withoutAnyEverythingIsPassedOnAtOnce() {
        assertThat(new StopTexts(List.of()).accept("text")).isEqualTo("text");
    }

    private static String read(StopTexts stops, String text, int length) {
        var heard = new StringBuilder();
        for (int i = 0; i < text.length(); i += length) {
            heard.append(stops.accept(text.substring(i, Math.min(text.length(), i + length))));
        }
        return heard.append(stops.rest()).toString();
    }
}
