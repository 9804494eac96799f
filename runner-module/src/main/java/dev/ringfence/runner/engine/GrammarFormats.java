package dev.ringfence.runner.engine;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The formats of texts that an engine of this host holds a model to: those that the grammars of llama.cpp know, and others
 * of JSON Schema's that can be said as a {@link GrammarPattern}. All that such a pattern allows is of the format; very long
 * texts that would be are not allowed.
 */
final class GrammarFormats {
    private static final Set<String> KNOWN =
            Set.of("date", "time", "date-time", "uuid", "uuid1", "uuid2", "uuid3", "uuid4", "uuid5");

    private static final String LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,28}[A-Za-z0-9])?";
    private static final String ATOM = "[A-Za-z0-9_+-]{1,31}";
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final String TIME =
            "T([0-9]{1,4}H([0-9]{1,4}M([0-9]{1,4}S)?)?|[0-9]{1,4}M([0-9]{1,4}S)?|[0-9]{1,4}S)";

    private static final Map<String, String> PATTERNS = Map.of(
            "email", "^" + ATOM + "(\\." + ATOM + ")?@" + LABEL + "(\\." + LABEL + "){1,5}$",
            "hostname", "^" + LABEL + "(\\." + LABEL + "){0,7}$",
            "ipv4", "^" + OCTET + "(\\." + OCTET + "){3}$",
            "ipv6", "^(" + ipv6() + ")$",
            // RFC 3339, appendix A.
            "duration",
                    "^P([0-9]{1,4}W|" + TIME
                            + "|([0-9]{1,4}Y([0-9]{1,4}M([0-9]{1,4}D)?)?|[0-9]{1,4}M([0-9]{1,4}D)?|[0-9]{1,4}D)(" + TIME
                            + ")?)$");

    private GrammarFormats() {}

    /** Whole, or with one gap of groups that are zero. */
    private static String ipv6() {
        var group = "[0-9a-fA-F]{1,4}";
        var gapInTheMiddle = Stream.of(1, 2, 3, 4, 5, 6)
                .map(before -> "(%s:){1,%d}(:%s){1,%d}".formatted(group, before, group, 7 - before));
        return Stream.concat(
                        Stream.of(
                                "(%s:){7}%s".formatted(group, group),
                                "(%s:){1,7}:".formatted(group),
                                ":(:%s){1,7}".formatted(group),
                                "::"),
                        gapInTheMiddle)
                .collect(Collectors.joining("|"));
    }

    static boolean held(String format) {
        return KNOWN.contains(format) || PATTERNS.containsKey(format);
    }

    /** What an engine gets instead of a format; null for what it knows itself, and what nothing holds. */
    static @Nullable String pattern(String format) {
        return PATTERNS.get(format);
    }
}
