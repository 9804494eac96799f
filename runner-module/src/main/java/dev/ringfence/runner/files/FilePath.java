package dev.ringfence.runner.files;

import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A path below a root: at least one name, none of them {@code .} or {@code ..}, and only characters that a log line can
 * hold.
 */
public record FilePath(List<String> names) {
    /** The kernel's PATH_MAX, without the end that it counts. */
    private static final int LONGEST = 4095;

    public FilePath {
        names = List.copyOf(names);
    }

    /**
     * Reads a path as an agent wrote it. Empty names and {@code .} are dropped.
     *
     * @param text relative to the root, or absolute as a fenced program sees the root, such as {@code /work/notes.txt}
     * @throws Refused when it is no such path; type {@code path-refused}
     */
    public static FilePath parse(String text, FileRoot root) {
        String inside = root.inside() + "/";
        boolean seen = text.startsWith(inside);
        String relative = seen ? text.substring(inside.length()) : text;
        if (!seen && relative.startsWith("/")) {
            throw refused(text, "it must be relative to the root \"" + root.name() + "\", or begin with " + inside);
        }
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw refused(text, "it holds a control character");
        }
        if (length(text) > LONGEST) {
            throw refused(text, "it has " + length(text) + " bytes, and may have at most " + LONGEST);
        }
        var names = new ArrayList<String>();
        for (var name : relative.split("/", -1)) {
            if (name.equals("..")) {
                throw refused(text, "it holds \"..\"");
            }
            if (!name.isEmpty() && !name.equals(".")) {
                names.add(name);
            }
        }
        if (names.isEmpty()) {
            throw refused(text, "it names no file");
        }
        return new FilePath(names);
    }

    /** The last name. */
    public String name() {
        return names.getLast();
    }

    /** The names before the last. */
    List<String> parents() {
        return names.subList(0, names.size() - 1);
    }

    @Override
    public String toString() {
        return String.join("/", names);
    }

    private static int length(String text) {
        try {
            return StandardCharsets.UTF_8
                    .newEncoder()
                    .encode(java.nio.CharBuffer.wrap(text))
                    .remaining();
        } catch (CharacterCodingException e) {
            throw refused(text, "it holds half of a surrogate pair");
        }
    }

    private static Refused refused(String text, String reason) {
        return new Refused("path-refused", "the path \"" + shown(text) + "\" is refused: " + reason);
    }

    private static String shown(String text) {
        var plain = new StringBuilder();
        text.codePoints()
                .limit(120)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE ? '\uFFFD' : c)
                .forEach(plain::appendCodePoint);
        return plain.length() < text.length() ? plain + "…" : plain.toString();
    }
}
