package dev.ringfence.runner.engine;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The regular expressions that a grammar of llama.cpp holds a model to. They begin with {@code ^} and end with {@code $};
 * between them are printable ASCII characters, classes of them that name what is allowed, groups and alternatives, each
 * with a count. Of others it allows any text, or text that breaks the JSON around it.
 *
 * <p>Read as the places where a text may go on ({@code a{1,3}} has three of them), as Glushkov's automata do.
 */
final class GrammarPattern {
    private static final String LITERAL = "[ !#%&',/0-9:;<=>@A-Z_`a-z~-]|\\\\[.^$*+?()\\[\\]{}|-]";
    private static final String CLASS =
            "\\[(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]" + "|[ !#$%&'()*+,./0-9:;<=>?@A-Z_`a-z{|}~]|\\\\[\\]-])+-?]";
    private static final String COUNT = "(?<%s>[*+?]|\\{[0-9]{1,4}(?:,[0-9]{0,4})?})?";

    /** One thing with its count; what opens a group has none. */
    private static final Pattern PIECE = Pattern.compile("(?<open>\\((?:\\?:)?)|(?<close>\\))" + COUNT.formatted("many")
            + "|(?<or>\\|)|(?<one>" + LITERAL + "|" + CLASS + ")" + COUNT.formatted("times"));

    /** What escapes of several characters at once stand for, within a class. */
    private static final Map<Character, String> MEANT = Map.of('d', "0-9", 'w', "A-Za-z0-9_");

    private static final int DEEPEST = 200;
    private static final int UNBOUNDED = -1;

    private GrammarPattern() {}

    /** What a pattern means; sequences and alternatives may be empty. */
    sealed interface Node {
        record Characters(BitSet allowed) implements Node {}

        record Sequence(List<Node> parts) implements Node {}

        record Either(List<Node> branches) implements Node {}

        /**
         * So many of the same after each other.
         *
         * @param most {@link #UNBOUNDED} when there is no end to it
         */
        record Count(Node what, int least, int most) implements Node {
            boolean bounded() {
                return most != UNBOUNDED;
            }
        }
    }

    /** The same with classes for {@code \d} and {@code \w}, which a grammar does not know. */
    static String plain(String pattern) {
        var plain = new StringBuilder();
        boolean within = false;
        for (int i = 0; i < pattern.length(); i++) {
            char one = pattern.charAt(i);
            if (one == '\\' && i + 1 < pattern.length()) {
                char escaped = pattern.charAt(++i);
                var meant = MEANT.get(escaped);
                if (meant == null) {
                    plain.append(one).append(escaped);
                } else {
                    plain.append(within ? meant : "[" + meant + "]");
                }
            } else {
                within = within ? one != ']' : one == '[';
                plain.append(one);
            }
        }
        return plain.toString();
    }

    /** Null when a grammar does not hold a model to it. */
    static @Nullable Node parse(String pattern) {
        if (pattern.length() < 2 || !pattern.startsWith("^") || !pattern.endsWith("$")) {
            return null;
        }
        var groups = new ArrayList<Open>();
        groups.add(new Open());
        var pieces = PIECE.matcher(pattern).region(1, pattern.length() - 1);
        while (pieces.lookingAt()) {
            if (pieces.group("open") != null) {
                groups.add(new Open());
            } else if (pieces.group("close") != null) {
                var whole = groups.removeLast().whole();
                if (groups.isEmpty()) {
                    return null;
                }
                groups.getLast().add(counted(whole, pieces, "many"));
            } else if (pieces.group("or") != null) {
                groups.getLast().or();
            } else {
                groups.getLast().add(counted(new Node.Characters(allowed(pieces.group("one"))), pieces, "times"));
            }
            if (groups.size() > DEEPEST) {
                return null;
            }
            pieces.region(pieces.end(), pattern.length() - 1);
        }
        return groups.size() == 1 && pieces.regionStart() == pattern.length() - 1
                ? groups.getLast().whole()
                : null;
    }

    /** A group whose end has not come. */
    private static final class Open {
        private final List<Node> branches = new ArrayList<>();
        private List<Node> parts = new ArrayList<>();

        void add(Node part) {
            parts.add(part);
        }

        void or() {
            branches.add(new Node.Sequence(parts));
            parts = new ArrayList<>();
        }

        Node whole() {
            or();
            return branches.size() == 1 ? branches.getFirst() : new Node.Either(branches);
        }
    }

    private static Node counted(Node what, Matcher pieces, String group) {
        var count = pieces.group(group);
        if (count == null) {
            return what;
        }
        return switch (count) {
            case "*" -> new Node.Count(what, 0, UNBOUNDED);
            case "+" -> new Node.Count(what, 1, UNBOUNDED);
            case "?" -> new Node.Count(what, 0, 1);
            default -> {
                var bounds = count.substring(1, count.length() - 1).split(",", -1);
                int least = Integer.parseInt(bounds[0]);
                if (bounds.length == 1) {
                    yield new Node.Count(what, least, least);
                }
                yield new Node.Count(what, least, bounds[1].isEmpty() ? UNBOUNDED : Integer.parseInt(bounds[1]));
            }
        };
    }

    private static BitSet allowed(String one) {
        var allowed = new BitSet();
        if (!one.startsWith("[") || one.length() == 1) {
            allowed.set(one.charAt(one.length() - 1));
            return allowed;
        }
        for (int i = 1; i < one.length() - 1; i++) {
            char first = one.charAt(i);
            if (first == '\\') {
                allowed.set(one.charAt(++i));
            } else if (i + 2 < one.length() - 1 && one.charAt(i + 1) == '-') {
                allowed.set(first, one.charAt(i + 2) + 1);
                i += 2;
            } else {
                allowed.set(first);
            }
        }
        return allowed;
    }
}
