package dev.ringfence.runner.capability;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class Utf8PiecesTest {
    private static final String TEXT = "aä€😀z";

    @Test
    void textIsTheSameWhereverItIsCutAndNoPieceHoldsHalfACharacter() {
        var bytes = TEXT.getBytes(UTF_8);
        for (int cut = 0; cut <= bytes.length; cut++) {
            // Given
            var pieces = new Utf8Pieces();

            // When
            var first = pieces.next(Arrays.copyOf(bytes, cut));
            var second = pieces.next(Arrays.copyOfRange(bytes, cut, bytes.length));

            // Then
            assertThat(first + second + pieces.end()).isEqualTo(TEXT);
            assertThat(TEXT).startsWith(first);
        }
    }

    @Test
    void whatIsNoUtf8BecomesAReplacementCharacter() {
        // Given
        var pieces = new Utf8Pieces();

        // When
        var text = pieces.next(new byte[] {'a', (byte) 0xff, 'b', (byte) 0xe2}) + pieces.end();

        // Then
        assertThat(text).isEqualTo("a\ufffdb\ufffd");
    }

    @Test
    void aCutCharacterAtTheEndOfWhatWasCutOffIsLeftOut() {
        // Given
        var bytes = "a€".getBytes(UTF_8);

        // Then
        assertThat(Utf8Pieces.decode(Arrays.copyOf(bytes, 3), true)).isEqualTo("a");
        assertThat(Utf8Pieces.decode(Arrays.copyOf(bytes, 3), false)).isEqualTo("a\ufffd");
    }
}
