package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Alternatives that are objects whose first property has a name, or one text, that no other's has: a grammar of llama.cpp goes on with
 * only one of them from there on. It puts what is required first, in the order in which it is described. Where it is not
 * certain what the grammar has there, it is none of them.
 */
final class ToldApart {
    /** Others may lead elsewhere in the grammar. */
    private static final Pattern PLAIN_REFERENCE = Pattern.compile("#/(?:\\$defs|definitions)/[A-Za-z0-9_.-]+");

    /** As long a chain of references as any schema has. */
    private static final int MOST_REFERENCES = 16;

    /** With one of them, a grammar does not look at the properties, or has them more than once. */
    private static final Set<String> BEFORE_PROPERTIES = Set.of("$ref", "oneOf", "anyOf", "const", "enum");

    private static final Set<String> BEFORE_VALUES = Set.of("$ref", "oneOf", "anyOf");

    /** Of an object in any case: the name of a property, and its text if it has just one; both quoted. */
    private record Beginning(String name, String text) {}

    private final JsonNode root;
    private final Predicate<JsonNode> shapeless;
    private final SchemaBudget budget;
    private final Map<String, Integer> known = new HashMap<>();

    /**
     * Looks at them.
     *
     * @param root of the schema that they are part of
     * @param shapeless which schemas will be without their properties, or without their reference
     * @param budget for this and for what is asked later; once it is spent, nothing is certain any more
     */
    ToldApart(JsonNode root, JsonNode alternatives, Predicate<JsonNode> shapeless, SchemaBudget budget) {
        this.root = root;
        this.shapeless = shapeless;
        this.budget = budget;
        for (var one : alternatives) {
            var beginning = beginning(one);
            if (beginning != null) {
                known.merge(beginning.name(), 1, Integer::sum);
                known.merge(beginning.name() + ":" + beginning.text(), 1, Integer::sum);
            }
        }
    }

    /** Whether one of them is. */
    boolean has(JsonNode alternative) {
        var beginning = beginning(alternative);
        if (beginning == null) {
            return false;
        }
        boolean text =
                !beginning.text().isEmpty() && known.getOrDefault(beginning.name() + ":" + beginning.text(), 0) == 1;
        return text || known.getOrDefault(beginning.name(), 0) == 1;
    }

    /** With what an object begins in any case; null when that is not certain. */
    private @Nullable Beginning beginning(JsonNode alternative) {
        var schema = referred(alternative);
        budget.spend(1 + schema.path("required").size());
        if (budget.isSpent() || !isPlain(schema, "object", BEFORE_PROPERTIES) || shapeless.test(schema)) {
            return null;
        }
        var required = new HashSet<String>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        for (var property : schema.path("properties").properties()) {
            budget.spend(1);
            if (required.contains(property.getKey())) {
                var value = only(property.getValue());
                return new Beginning(quoted(property.getKey()), value == null ? "" : quoted(value));
            }
        }
        return null;
    }

    private JsonNode referred(JsonNode alternative) {
        var schema = alternative;
        for (int i = 0; i < MOST_REFERENCES && schema.has("$ref"); i++) {
            var target = schema.path("$ref").asText("");
            if (!PLAIN_REFERENCE.matcher(target).matches() || shapeless.test(schema)) {
                return schema;
            }
            budget.spend(1);
            schema = root.at(target.substring(1));
        }
        return schema;
    }

    private static boolean isPlain(JsonNode schema, String type, Set<String> without) {
        boolean typed = !schema.has("type") || schema.path("type").asText("").equals(type);
        return schema.isObject() && typed && without.stream().noneMatch(schema::has);
    }

    /** Of other types than text, two that differ here may be the same in the grammar. */
    private static @Nullable String only(JsonNode property) {
        if (!isPlain(property, "string", BEFORE_VALUES)) {
            return null;
        }
        if (property.has("const")) {
            return property.path("const").textValue();
        }
        var values = property.path("enum");
        return values.isArray() && values.size() == 1 ? values.path(0).textValue() : null;
    }

    private static String quoted(String text) {
        return JsonNodeFactory.instance.textNode(text).toString();
    }
}
