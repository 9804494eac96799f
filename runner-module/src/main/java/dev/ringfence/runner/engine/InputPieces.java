package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The inputs of an embeddings request in pieces that an engine goes through in one step, so that it has little left to do
 * for one who has gone. An input of more tokens than that is a piece by itself.
 */
final class InputPieces {
    /** What begins and ends an input. */
    private static final int MARKS = 4;

    private InputPieces() {}

    /**
     * In their order.
     *
     * @param input a text, token ids, or an array of either
     * @param mostTokens of the inputs of one piece
     */
    static List<List<JsonNode>> of(JsonNode input, int mostTokens) {
        var pieces = new ArrayList<List<JsonNode>>();
        long tokens = 0;
        for (var one : isOne(input) ? List.of(input) : input) {
            long more = mostTokens(one);
            if (pieces.isEmpty() || tokens + more > mostTokens) {
                pieces.add(new ArrayList<>());
                tokens = 0;
            }
            pieces.getLast().add(one);
            tokens += more;
        }
        return pieces;
    }

    /** How many there are. */
    static int count(JsonNode input) {
        return isOne(input) ? 1 : input.size();
    }

    private static boolean isOne(JsonNode input) {
        return !input.isArray() || input.path(0).isNumber();
    }

    /** Tokenizers hardly ever make more than one token of a byte. */
    private static long mostTokens(JsonNode input) {
        int own = input.isTextual() ? input.textValue().getBytes(StandardCharsets.UTF_8).length : input.size();
        return (long) MARKS + own;
    }
}
