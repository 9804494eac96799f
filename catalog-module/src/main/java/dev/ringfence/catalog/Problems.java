package dev.ringfence.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers all that is wrong with one file. */
final class Problems {
    private static final int SHOWN = 80;

    private final List<Problem> found = new ArrayList<>();

    void add(String key, @Nullable JsonNode value, String message) {
        found.add(new Problem(key, value == null ? "" : show(value), message));
    }

    void add(String key, String value, String message) {
        found.add(new Problem(key, quote(value), message));
    }

    List<Problem> all() {
        return List.copyOf(found);
    }

    /** One piece of a key, in quotes where TOML needs them. */
    static String keyPart(String part) {
        return part.matches("[A-Za-z0-9_-]+") ? part : quote(part);
    }

    private static String show(JsonNode value) {
        return switch (value.getNodeType()) {
            case STRING -> quote(value.textValue());
            case OBJECT -> "a table";
            case ARRAY -> "an array of " + value.size();
            default -> shorten(value.asText());
        };
    }

    static String quote(String text) {
        var quoted = new StringBuilder("\"");
        shorten(text).chars().forEach(c -> {
            if (Character.isISOControl(c)) {
                quoted.append(String.format("\\u%04X", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }

    private static String shorten(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }
}
