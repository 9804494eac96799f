package dev.ringfence.catalog;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Reads what one agent is granted. */
final class AgentReader {
    private static final int MOST = 1_000_000;
    private static final int MOST_WEIGHT = 100;

    private AgentReader() {}

    /**
     * @param profiles those that exist
     */
    static AgentGrants read(String agent, TomlTable table, Set<String> profiles) {
        try (table) {
            return new AgentGrants(
                    agent,
                    names(table, "capabilities"),
                    known(table, "profiles", profiles),
                    names(table, "roots"),
                    (int) table.whole("weight", 1, MOST_WEIGHT).orElse(1),
                    number(table, "max_concurrent"),
                    number(table, "max_queued"),
                    number(table, "jobs_per_minute"),
                    table.has("tokens_per_day")
                            ? table.whole("tokens_per_day", 0, Long.MAX_VALUE)
                            : OptionalLong.empty());
        }
    }

    private static Optional<Set<String>> names(TomlTable table, String key) {
        return table.texts(key).map(List::copyOf).map(names -> {
            for (int i = 0; i < names.size(); i++) {
                if (table.isText(key, i) && names.get(i).isBlank()) {
                    table.problems().add(table.name(key) + "[" + i + "]", names.get(i), "cannot be empty");
                }
            }
            return new LinkedHashSet<>(names);
        });
    }

    private static Optional<Set<String>> known(TomlTable table, String key, Set<String> existing) {
        var names = table.texts(key);
        for (int i = 0; i < names.map(List::size).orElse(0); i++) {
            var name = names.orElseThrow().get(i);
            if (table.isText(key, i) && !existing.contains(name)) {
                table.problems()
                        .add(
                                table.name(key) + "[" + i + "]",
                                name,
                                "there is no such sandbox profile" + Suggestion.of(name, existing));
            }
        }
        return names.map(LinkedHashSet::new);
    }

    private static OptionalInt number(TomlTable table, String key) {
        var value = table.whole(key, 0, MOST);
        return value.isPresent() ? OptionalInt.of((int) value.getAsLong()) : OptionalInt.empty();
    }
}
