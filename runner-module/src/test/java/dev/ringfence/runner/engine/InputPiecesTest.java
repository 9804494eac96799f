package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class InputPiecesTest {
    @Test
    void inputsAreTogetherForAsLongAsTheirTokensAreSureToFit() throws IOException {
        assertThat(pieces("[\"aaaaaa\",\"bbbbbb\",\"cccccc\"]"))
                .hasToString("[[\"aaaaaa\", \"bbbbbb\"], [\"cccccc\"]]");
        assertThat(pieces("[\"ääääää\",\"b\"]")).hasToString("[[\"ääääää\", \"b\"]]");
        assertThat(pieces("[\"äääääää\",\"b\"]")).hasToString("[[\"äääääää\"], [\"b\"]]");
        assertThat(pieces("[[1,2,3],[4,5,6],[7]]")).hasToString("[[[1,2,3], [4,5,6], [7]]]");
    }

    @Test
    void anInputThatIsMoreThanAPieceIsOneByItself() throws IOException {
        assertThat(pieces("[\"a\",\"" + "b".repeat(100) + "\",\"c\"]")).hasSize(3);
    }

    @Test
    void aSingleInputIsOnePiece() throws IOException {
        assertThat(pieces("\"" + "b".repeat(100) + "\"")).hasSize(1);
        assertThat(pieces("[1,2,3]")).hasToString("[[[1,2,3]]]");
    }

    private static List<List<JsonNode>> pieces(String input) throws IOException {
        return InputPieces.of(new ObjectMapper().readTree(input), 21);
    }
}
