package dev.ringfence.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;

/**
 * Why a document is no TOML, and where.
 *
 * @param line from 1
 * @param column from 1; 0 where only the line is known
 */
public record TomlMistake(int line, int column, String message) {
    private static final String DUPLICATE = "Duplicate key";

    /** What the parser says of a document; of a key that is there twice it tells only what comes after it. */
    public static TomlMistake of(String document, JsonProcessingException e) {
        var at = e.getLocation();
        int line = at == null ? 1 : Math.max(1, at.getLineNr());
        int column = at == null ? 0 : at.getColumnNr();
        var message = e.getOriginalMessage();
        return message.startsWith(DUPLICATE)
                ? duplicate(document.split("\n", -1), line, column, message)
                : new TomlMistake(line, column, message);
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
