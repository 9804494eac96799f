package dev.ringfence.runner.engine;

import java.util.regex.Pattern;

/**
 * The regular expressions that a grammar of llama.cpp holds a model to. They begin with {@code ^} and end with {@code $};
 * between them are printable ASCII characters, classes of them that name what is allowed, groups and alternatives, each
 * with a count. Of others it allows any text, or text that breaks the JSON around it.
 */
final class GrammarPattern {
    private static final String LITERAL = "[ !#%&',/0-9:;<=>@A-Z_`a-z~-]|\\\\[.^$*+?()\\[\\]{}|-]";
    private static final String CLASS =
            "\\[(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]" + "|[ !#$%&'()*+,./0-9:;<=>?@A-Z_`a-z{|}~]|\\\\[\\]-])+-?]";
    private static final String COUNT = "(?:[*+?]|\\{[0-9]{1,4}(?:,[0-9]{0,4})?})?";

    /** One thing with its count; what opens a group has none. */
    private static final Pattern PIECE = Pattern.compile(
            "(?<open>\\((?:\\?:)?)|(?<close>\\)" + COUNT + ")|\\||(?:" + LITERAL + "|" + CLASS + ")" + COUNT);

    private GrammarPattern() {}

    static boolean holds(String pattern) {
        if (pattern.length() < 2 || !pattern.startsWith("^") || !pattern.endsWith("$")) {
            return false;
        }
        var pieces = PIECE.matcher(pattern).region(1, pattern.length() - 1);
        int depth = 0;
        while (pieces.lookingAt()) {
            if (pieces.group("open") != null) {
                depth++;
            } else if (pieces.group("close") != null && --depth < 0) {
                return false;
            }
            pieces.region(pieces.end(), pattern.length() - 1);
        }
        return depth == 0 && pieces.regionStart() == pattern.length() - 1;
    }
}
