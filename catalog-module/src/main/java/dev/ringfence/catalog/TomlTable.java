package dev.ringfence.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One table of the file, read key by key. What is there in the wrong form is reported and then counts as absent; what
 * nobody asked for by {@link #close()} is an unknown key.
 */
final class TomlTable implements AutoCloseable {
    private final String path;
    private final ObjectNode node;
    private final Problems problems;
    private final Set<String> asked = new LinkedHashSet<>();

    TomlTable(String path, ObjectNode node, Problems problems) {
        this.path = path;
        this.node = node;
        this.problems = problems;
    }

    /** The full name of a key of this table. */
    String name(String key) {
        var part = Problems.keyPart(key);
        return path.isEmpty() ? part : path + "." + part;
    }

    /** All keys, for tables whose keys are names given by the operator. */
    List<String> keys() {
        var keys = new ArrayList<String>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    @Nullable JsonNode raw(String key) {
        asked.add(key);
        return node.get(key);
    }

    boolean has(String key) {
        return raw(key) != null;
    }

    boolean isArray(String key) {
        var value = raw(key);
        return value != null && value.isArray();
    }

    boolean isText(String key) {
        var value = raw(key);
        return value != null && value.isTextual();
    }

    /** Whether an element of an array is a string, so that more can be said about it than that it is none. */
    boolean isText(String key, int index) {
        var value = raw(key);
        return value != null && value.path(index).isTextual();
    }

    void problem(String key, String message) {
        problems.add(name(key), raw(key), message);
    }

    Problems problems() {
        return problems;
    }

    Optional<TomlTable> table(String key) {
        var value = raw(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof ObjectNode table) {
            return Optional.of(new TomlTable(name(key), table, problems));
        }
        problem(key, "must be a table");
        return Optional.empty();
    }

    List<TomlTable> tables(String key) {
        var tables = new ArrayList<TomlTable>();
        var value = raw(key);
        if (value != null && !value.isArray()) {
            problem(key, "must be an array of tables");
        } else if (value != null) {
            for (int i = 0; i < value.size(); i++) {
                var element = name(key) + "[" + i + "]";
                if (value.get(i) instanceof ObjectNode table) {
                    tables.add(new TomlTable(element, table, problems));
                } else {
                    problems.add(element, value.get(i), "must be a table");
                }
            }
        }
        return tables;
    }

    Optional<String> text(String key) {
        var value = raw(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value.isTextual()) {
            return Optional.of(value.textValue());
        }
        problem(key, "must be a string in quotes");
        return Optional.empty();
    }

    /** An array of strings; the name of each element is {@code key[index]}. */
    Optional<List<String>> texts(String key) {
        var value = raw(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isArray()) {
            problem(key, "must be an array of strings");
            return Optional.empty();
        }
        var texts = new ArrayList<String>();
        for (int i = 0; i < value.size(); i++) {
            if (value.get(i).isTextual()) {
                texts.add(value.get(i).textValue());
            } else {
                problems.add(name(key) + "[" + i + "]", value.get(i), "must be a string in quotes");
                texts.add("");
            }
        }
        return Optional.of(texts);
    }

    Optional<Boolean> flag(String key) {
        var value = raw(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value.isBoolean()) {
            return Optional.of(value.booleanValue());
        }
        problem(key, "must be true or false");
        return Optional.empty();
    }

    OptionalLong whole(String key, long least, long most) {
        var value = raw(key);
        if (value == null) {
            return OptionalLong.empty();
        }
        if (value.isIntegralNumber()
                && value.canConvertToLong()
                && value.longValue() >= least
                && value.longValue() <= most) {
            return OptionalLong.of(value.longValue());
        }
        problem(key, "must be a whole number from " + least + " to " + most);
        return OptionalLong.empty();
    }

    /** A number above zero. */
    OptionalDouble positive(String key, int most) {
        var value = raw(key);
        if (value == null) {
            return OptionalDouble.empty();
        }
        if (value.isNumber() && value.doubleValue() > 0 && value.doubleValue() <= most) {
            return OptionalDouble.of(value.doubleValue());
        }
        problem(key, "must be a number above 0, at most " + most);
        return OptionalDouble.empty();
    }

    /** Reports every key that nobody asked for. */
    @Override
    public void close() {
        for (var key : keys()) {
            if (!asked.contains(key)) {
                problems.add(name(key), node.get(key), "unknown key" + Suggestion.of(key, asked));
            }
        }
    }
}
