package dev.ringfence.runner.capability;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretMaskTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    aaaab  | xaaaaaabx   | xaa***x
                    abab   | xabababx    | x***x
                    secret | secretsecre | ***secre
                    secret | sesecret    | se***
                    secret | none        | none
                    """)
    void aSecretIsFoundInPiecesOfAnySizeAndWhatOnlyBeginsLikeOneIsPassedOn(String secret, String text, String shown) {
        for (int size = 1; size <= text.length(); size++) {
            assertThat(masked(List.of(secret), text, size))
                    .as("pieces of " + size)
                    .isEqualTo(shown);
        }
    }

    @Test
    void secretsThatLieOverEachOtherAreHiddenTogether() {
        assertThat(masked(List.of("abcd", "cdef"), "1abcdef2", 1)).isEqualTo("1***2");
        assertThat(masked(List.of("abcd", "abcdef"), "1abcdef2abcd3", 2)).isEqualTo("1***2***3");
    }

    @Test
    void theSameIsShownAsOfTheWholeText() {
        var random = new Random(42);
        for (int i = 0; i < 2000; i++) {
            var text = word(random, 40);
            var secret = word(random, 4) + "a";
            var whole = text.replace(secret, "*");
            var shown = masked(List.of(secret), text, 1 + random.nextInt(5));
            // Where one follows the other there is one mark, and where they overlap more is hidden.
            assertThat(shown.contains(secret)).as(text + " without " + secret).isFalse();
            assertThat(shown.contains("*")).isEqualTo(whole.contains("*"));
        }
    }

    private static String word(Random random, int most) {
        return IntStream.range(0, random.nextInt(most))
                .mapToObj(_ -> random.nextBoolean() ? "a" : "b")
                .reduce("", String::concat);
    }

    private static String masked(List<String> secrets, String text, int size) {
        var mask = new SecretMask(secrets);
        var shown = new StringBuilder();
        for (int at = 0; at < text.length(); at += size) {
            var piece = text.substring(at, Math.min(text.length(), at + size));
            shown.append(new String(mask.next(piece.getBytes(UTF_8)), UTF_8));
        }
        return shown.append(new String(mask.end(), UTF_8)).toString();
    }
}
