package dev.ringfence.catalog;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Finds what was probably meant by a misspelt word. */
public final class Suggestion {
    /** A longer word is no typing error of a known one, and comparing it would cost time. */
    private static final int LONGEST = 60;

    private static final int MOST_LISTED = 20;

    private Suggestion() {}

    /** {@code "; did you mean …?"}, or what is known when nothing comes close. */
    static String of(String word, Collection<String> known) {
        return nearest(word, known)
                .map(candidate -> "; did you mean " + candidate + "?")
                .orElseGet(() -> known.isEmpty() ? "" : "; known are " + list(known));
    }

    /** The known word with the fewest differing letters, unless even that one differs in more than a third of them. */
    public static Optional<String> nearest(String word, Collection<String> known) {
        return known.stream()
                .filter(candidate -> distance(word, candidate) <= Math.max(1, candidate.length() / 3))
                .min(Comparator.comparingInt((String candidate) -> distance(word, candidate))
                        .thenComparing(Comparator.naturalOrder()));
    }

    static String list(Collection<String> known) {
        var shown = known.stream().limit(MOST_LISTED).collect(Collectors.joining(", "));
        return known.size() > MOST_LISTED ? shown + " and " + (known.size() - MOST_LISTED) + " more" : shown;
    }

    /** How many letters have to be inserted, removed or replaced; case does not count. */
    static int distance(String from, String to) {
        if (from.length() > LONGEST || to.length() > LONGEST) {
            return Integer.MAX_VALUE;
        }
        var a = from.toLowerCase(Locale.ROOT);
        var b = to.toLowerCase(Locale.ROOT);
        var row = IntStream.rangeClosed(0, b.length()).toArray();
        for (int i = 1; i <= a.length(); i++) {
            var diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                var replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
