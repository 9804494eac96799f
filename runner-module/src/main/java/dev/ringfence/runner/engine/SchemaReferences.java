package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * Where the references of a JSON Schema lead. A grammar of llama.cpp (0.7.0) looks a reference up among all its rules, by its
 * words with a hyphen between them: it takes {@code a_b} for {@code a.b}, and for property {@code b} of {@code a}, and
 * a definition of one function for that of another. So each gets a name in the request that no rule can have by chance.
 */
final class SchemaReferences {
    private static final int MOST_NAME = 40;
    private static final String DEFS = "$defs";
    private static final String DEFINED = "#/" + DEFS + "/";
    private static final Set<String> DEFINITIONS = Set.of(DEFS, "definitions");
    private static final Set<String> NAMED =
            Set.of(DEFS, "definitions", "properties", "patternProperties", "dependentSchemas");
    private static final Set<String> NESTED = Set.of(
            "items",
            "prefixItems",
            "additionalItems",
            "unevaluatedItems",
            "contains",
            "additionalProperties",
            "unevaluatedProperties",
            "propertyNames",
            "anyOf",
            "oneOf",
            "allOf",
            "not",
            "if",
            "then",
            "else");

    /** A schema within another: in an object by its name, or in an array. */
    private record Slot(JsonNode parent, String name, int index, JsonNode schema) {}

    private final JsonNode root;
    private final List<Slot> slots = new ArrayList<>();
    private final List<ObjectNode> schemas = new ArrayList<>();
    private final Set<JsonNode> known = Collections.newSetFromMap(new IdentityHashMap<>());

    /** The root's own. */
    private final Set<JsonNode> defined = Collections.newSetFromMap(new IdentityHashMap<>());

    private SchemaReferences(JsonNode root) {
        this.root = root;
        DEFINITIONS.forEach(name -> defined.add(root.path(name)));
        found(root);
    }

    /** Those that lead to something that is no schema, or may. */
    static Set<String> unsure(JsonNode root) {
        var references = new SchemaReferences(root);
        // Below a schema with an address of its own, they lead to places in that.
        boolean elsewhere = references.schemas.stream()
                .skip(1)
                .anyMatch(schema -> schema.path("$id").isTextual());
        var unsure = new HashSet<String>();
        for (var reference : root.findValuesAsText("$ref")) {
            var target = references.target(reference);
            // The engine takes these signs as they stand.
            boolean signs = reference.contains("~") || reference.contains("%");
            if (signs || elsewhere || (target.isObject() && !references.known.contains(target))) {
                unsure.add(reference);
            }
        }
        return unsure;
    }

    /**
     * Makes all that is referred to a definition with a name of its own, in place.
     *
     * @param number gives another one each time
     */
    static void rename(JsonNode root, IntSupplier number) {
        if (root instanceof ObjectNode top) {
            new SchemaReferences(top).renameAll(top, number);
        }
    }

    private void found(JsonNode node) {
        if (!(node instanceof ObjectNode schema) || !known.add(schema)) {
            return;
        }
        schemas.add(schema);
        for (var field : schema.properties()) {
            var value = field.getValue();
            if (NAMED.contains(field.getKey()) && value.isObject()) {
                value.properties().forEach(one -> found(value, one.getKey(), -1, one.getValue()));
            } else if (NESTED.contains(field.getKey()) && value.isArray()) {
                for (int i = 0; i < value.size(); i++) {
                    found(value, "", i, value.get(i));
                }
            } else if (NESTED.contains(field.getKey())) {
                found(schema, field.getKey(), -1, value);
            }
        }
    }

    private void found(JsonNode parent, String name, int index, JsonNode schema) {
        slots.add(new Slot(parent, name, index, schema));
        found(schema);
    }

    private JsonNode target(String reference) {
        if (reference.equals("#")) {
            return root;
        }
        return reference.startsWith("#/") ? root.at(reference.substring(1)) : MissingNode.getInstance();
    }

    private void renameAll(ObjectNode top, IntSupplier number) {
        var names = new IdentityHashMap<JsonNode, String>();
        for (var schema : schemas) {
            var reference = schema.path("$ref");
            var target = reference.isTextual() ? target(reference.textValue()) : MissingNode.getInstance();
            if (known.contains(target)) {
                var name = names.computeIfAbsent(target, _ -> name(reference.textValue(), number.getAsInt()));
                schema.put("$ref", DEFINED + name);
            }
        }
        if (!names.isEmpty()) {
            define(top, names);
        }
    }

    /** As the model may see it, and with an end that no other has, even with a number that the engine puts behind it. */
    private static String name(String reference, int number) {
        var last = reference.substring(reference.lastIndexOf('/') + 1).replaceAll("[^A-Za-z0-9]", "");
        return (last.length() <= MOST_NAME ? last : last.substring(0, MOST_NAME)) + "D" + number + "d";
    }

    private void define(ObjectNode top, Map<JsonNode, String> names) {
        var definitions = JsonNodeFactory.instance.objectNode();
        for (var slot : slots) {
            var name = names.get(slot.schema());
            if (name != null) {
                definitions.set(name, slot.schema());
                replace(slot, reference(name));
            }
        }
        var own = names.get(top);
        if (own != null) {
            definitions.set(own, top.deepCopy().without(DEFINITIONS));
            top.retain(DEFINITIONS).put("$ref", DEFINED + own);
        }
        DEFINITIONS.stream().filter(name -> top.path(name).isEmpty()).forEach(top::remove);
        if (top.path(DEFS) instanceof ObjectNode rest) {
            rest.setAll(definitions);
        } else {
            top.set(DEFS, definitions);
        }
    }

    private void replace(Slot slot, ObjectNode reference) {
        if (slot.parent() instanceof ArrayNode array) {
            array.set(slot.index(), reference);
        } else if (defined.contains(slot.parent())) {
            ((ObjectNode) slot.parent()).remove(slot.name());
        } else {
            ((ObjectNode) slot.parent()).set(slot.name(), reference);
        }
    }

    private static ObjectNode reference(String name) {
        return JsonNodeFactory.instance.objectNode().put("$ref", DEFINED + name);
    }
}
