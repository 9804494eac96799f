package dev.ringfence.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;

/**
 * Why a document is no TOML, and where.
 *
 * @param line from 1
 * @param column from 1; 0 where only the line is known
 */
public record TomlMistake(int line, int column, String message) {
    private static final String DUPLICATE = "Duplicate key";
    private static final String UNKNOWN = "Unknown token";

    /** What ends a word, on either side. */
    private static final String BETWEEN_WORDS = "=,[]{}#\"'";

    /**
     * What the parser says of a document; of a key that is there twice it tells only what comes after it,
     * and of a word that it does not know only where that is.
     */
    public static TomlMistake of(String document, JsonProcessingException e) {
        var at = e.getLocation();
        int line = at == null ? 1 : Math.max(1, at.getLineNr());
        int column = at == null ? 0 : at.getColumnNr();
        var message = e.getOriginalMessage();
        if (message.startsWith(DUPLICATE)) {
            return duplicate(document.split("\n", -1), line, column, message);
        }
        if (message.equals(UNKNOWN)) {
            return unknown(document.split("\n", -1), line, column);
        }
        return new TomlMistake(line, column, message);
    }

    private static TomlMistake unknown(String[] lines, int line, int column) {
        var text = line <= lines.length ? lines[line - 1] : "";
        int from = Math.clamp(column - 1, 0, text.length());
        int to = from;
        while (from > 0 && inWord(text.charAt(from - 1))) {
            from--;
        }
        while (to < text.length() && inWord(text.charAt(to))) {
            to++;
        }
        var word = text.substring(from, to);
        if (word.isEmpty()) {
            return new TomlMistake(line, column, UNKNOWN);
        }
        var meant = Suggestion.nearest(word, List.of("true", "false"))
                .map(near -> "; did you mean " + near + "?")
                .orElse("; text has to be in quotes");
        return new TomlMistake(line, column, UNKNOWN + " " + Problems.quote(word) + meant);
    }

    private static boolean inWord(char c) {
        return !Character.isWhitespace(c) && BETWEEN_WORDS.indexOf(c) < 0;
    }

    /** The key is on the last line with a statement that begins before that place. */
    private static TomlMistake duplicate(String[] lines, int line, int column, String message) {
        int at = Math.min(line, lines.length);
        var before = at < line
                ? lines[at - 1]
                : lines[at - 1].substring(0, Math.clamp(column - 1, 0, lines[at - 1].length()));
        while (at > 1 && (before.isBlank() || before.stripLeading().startsWith("#"))) {
            at--;
            before = lines[at - 1];
        }
        return new TomlMistake(at, 0, message + ": " + Problems.quote(lines[at - 1].strip()));
    }

    /** Such as {@code line 3, column 7}. */
    public String place() {
        return "line " + line + (column > 0 ? ", column " + column : "");
    }
}
