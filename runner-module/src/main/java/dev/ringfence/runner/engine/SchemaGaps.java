package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a JSON Schema asks for and a grammar of llama.cpp does not hold a model to: it passes over much without a word.
 * Found by letting a model of random weights write under each keyword, with llama.cpp 0.7.0. What stands beside the ones
 * that it looks at first counts as not held, too.
 */
final class SchemaGaps {
    /** Of which more are not looked for. */
    private static final int MOST = 100;

    /** As long a chain of references as any schema has. */
    private static final int MOST_REFERENCES = 16;

    private static final Set<String> NEVER = Set.of(
            "not",
            "if",
            "multipleOf",
            "uniqueItems",
            "contains",
            "minContains",
            "maxContains",
            "patternProperties",
            "propertyNames",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
            "dependencies",
            "unevaluatedItems",
            "$dynamicRef",
            "$recursiveRef");

    private static final List<String> RANGE = List.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum");
    private static final List<String> LENGTH = List.of("minLength", "maxLength");

    /** All that limits a value; other keywords only describe it. */
    private static final Set<String> ASSERTIONS = assertions();

    private final JsonNode root;
    private final Set<String> dropped;

    /** Whether formats that the grammar does not know are written as patterns. */
    private final boolean patterns;

    private final String place;
    private final Set<String> gaps = new LinkedHashSet<>();

    private SchemaGaps(JsonNode root, String place, boolean patterns, Set<String> dropped) {
        this.root = root;
        this.patterns = patterns && !SchemaWeight.leadsAnywhere(root);
        this.dropped = dropped;
        this.place = place;
    }

    /**
     * The first of them, each as its place in the request and a JSON pointer from there, such as
     * {@code tools[0]#/properties/age/multipleOf}; of a schema that only the grammar gets.
     *
     * @param place of the schema in the request
     */
    static List<String> of(JsonNode schema, String place, SchemaBudget budget) {
        return of(schema, place, false, budget);
    }

    /** The same of a schema that the model reads, too. */
    static List<String> ofShown(JsonNode schema, String place, SchemaBudget budget) {
        return of(schema, place, true, budget);
    }

    private static List<String> of(JsonNode schema, String place, boolean shown, SchemaBudget budget) {
        var gaps = new SchemaGaps(schema, place, !shown, SchemaWeight.of(schema, shown, budget));
        gaps.visit(schema, "");
        gaps.dropped.forEach(gaps::gap);
        return List.copyOf(gaps.gaps);
    }

    private void visit(JsonNode node, String at) {
        // What is no object the engine refuses.
        if (!(node instanceof ObjectNode schema) || gaps.size() >= MOST) {
            return;
        }
        visitEach(schema, "$defs", at);
        visitEach(schema, "definitions", at);
        if (schema.has("$ref")) {
            beside(schema, at, Set.of());
        } else if (schema.has("oneOf")) {
            either(schema, "oneOf", at);
        } else if (schema.has("anyOf")) {
            either(schema, "anyOf", at);
        } else if (schema.has("const")) {
            beside(schema, at, Set.of("const", "type"));
        } else if (schema.has("enum")) {
            beside(schema, at, Set.of("enum", "type"));
        } else {
            NEVER.stream()
                    .sorted()
                    .filter(schema::has)
                    .filter(name -> limits(schema, name))
                    .forEach(name -> gap(at, name));
            var types = types(schema);
            object(schema, types, at);
            array(schema, types, at);
            string(schema, types, at);
            number(schema, types, at);
        }
    }

    private void visitEach(ObjectNode schema, String name, String at) {
        var children = schema.path(name);
        if (children instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                visit(array.get(i), at + "/" + name + "/" + i);
            }
        } else if (children.isObject()) {
            children.properties()
                    .forEach(child -> visit(child.getValue(), at + "/" + name + "/" + escaped(child.getKey())));
        }
    }

    /** Where one keyword decides all, what else limits the value is passed over. */
    private void beside(ObjectNode schema, String at, Set<String> held) {
        schema.fieldNames().forEachRemaining(name -> {
            if (limits(schema, name) && !held.contains(name)) {
                gap(at, name);
            }
        });
    }

    private void either(ObjectNode schema, String name, String at) {
        boolean typed = Stream.generate(schema.path(name).iterator()::next)
                .limit(schema.path(name).size())
                .allMatch(branch -> branch.has("type"));
        beside(schema, at, typed ? Set.of(name, "type") : Set.of(name));
        visitEach(schema, name, at);
    }

    private void object(ObjectNode schema, Set<String> types, String at) {
        var properties = schema.path("properties");
        boolean shaped = schema.has("properties")
                || (schema.has("additionalProperties")
                        && !schema.path("additionalProperties").asBoolean());
        if (maybe(types, "object") && shaped) {
            visitEach(schema, "properties", at);
            visit(schema.path("additionalProperties"), at + "/additionalProperties");
            if (schema.has("allOf")) {
                gap(at, "allOf");
            }
        } else if (schema.has("allOf")) {
            allOf(schema, types, at);
        }
        if (!declared(schema, properties)) {
            gap(at, "required");
        }
        if (schema.has("unevaluatedProperties") && !shaped) {
            gap(at, "unevaluatedProperties");
        }
    }

    /** What must be there has to be described there, too. */
    private static boolean declared(JsonNode schema, JsonNode properties) {
        for (var name : schema.path("required")) {
            if (!properties.has(name.asText())) {
                return false;
            }
        }
        return true;
    }

    /** Held are objects that each give some of the properties, and lists of values that have some in common. */
    private void allOf(ObjectNode schema, Set<String> types, String at) {
        boolean held = types.isEmpty() || types.equals(Set.of("object")) || types.equals(Set.of("string"));
        boolean objects = true;
        boolean lists = true;
        for (var part : schema.path("allOf")) {
            var meant = referred(part);
            objects &= meant.has("properties")
                    && declared(meant, meant.path("properties"))
                    && limits(meant, Set.of("properties", "required", "type", "additionalProperties"));
            lists &= meant.has("enum") && limits(meant, Set.of("enum", "type"));
        }
        if (held && (objects || lists)) {
            visitEach(schema, "allOf", at);
        } else {
            gap(at, "allOf");
        }
    }

    private JsonNode referred(JsonNode part) {
        var meant = part;
        for (int i = 0; i < MOST_REFERENCES && meant.path("$ref").asText("").startsWith("#/"); i++) {
            meant = root.at(meant.path("$ref").asText().substring(1));
        }
        return meant;
    }

    private static boolean limits(JsonNode schema, Set<String> only) {
        for (var field : schema.properties()) {
            if (limits(schema, field.getKey()) && !only.contains(field.getKey())) {
                return false;
            }
        }
        return true;
    }

    /** Whether a keyword asks for something; some do not with the value that they would have without. */
    private static boolean limits(JsonNode schema, String name) {
        var value = schema.path(name);
        return switch (name) {
            case "uniqueItems" -> value.asBoolean();
            case "propertyNames" -> !isAnyText(value);
            default -> ASSERTIONS.contains(name);
        };
    }

    /** As all names are. */
    private static boolean isAnyText(JsonNode schema) {
        return schema.isObject()
                && schema.properties().stream()
                        .allMatch(field -> field.getKey().equals("type")
                                && field.getValue().asText().equals("string"));
    }

    private void array(ObjectNode schema, Set<String> types, String at) {
        if (!maybe(types, "array")) {
            return;
        }
        var items = schema.path("items");
        var tuple = items.isArray() ? items : schema.path("prefixItems");
        if (schema.has("prefixItems") && schema.has("items")) {
            gap(at, "prefixItems");
        }
        visitEach(schema, "prefixItems", at);
        if (items.isArray()) {
            visitEach(schema, "items", at);
        } else {
            visit(items, at + "/items");
        }
        if (!items.isObject() && tuple.isArray()) {
            // Such a list has as many elements as there are schemas.
            if (schema.path("minItems").asInt(0) > tuple.size()) {
                gap(at, "minItems");
            }
            if (schema.path("maxItems").asInt(tuple.size()) < tuple.size()) {
                gap(at, "maxItems");
            }
        }
    }

    private void string(ObjectNode schema, Set<String> types, String at) {
        if (!maybe(types, "string")) {
            return;
        }
        boolean format = holds(schema.path("format").asText(), at);
        boolean pattern = schema.has("pattern") && !dropped.contains(at + "/pattern");
        // Of both, the grammar takes the pattern, which says more exactly what a text of the format looks like.
        if (schema.has("format") && !format) {
            gap(at, "format");
        }
        if (pattern || format) {
            LENGTH.stream().filter(schema::has).forEach(name -> gap(at, name));
        }
    }

    private boolean holds(String format, String at) {
        return GrammarFormats.held(format)
                && (GrammarFormats.pattern(format) == null || (patterns && !dropped.contains(at + "/format")));
    }

    private void number(ObjectNode schema, Set<String> types, String at) {
        boolean whole = types.contains("integer") && !types.contains("number");
        if (whole) {
            // Of two bounds on one side, it takes the one that may be reached.
            Stream.of("minimum", "maximum")
                    .filter(schema::has)
                    .map(name -> "exclusive" + Character.toUpperCase(name.charAt(0)) + name.substring(1))
                    .filter(schema::has)
                    .forEach(name -> gap(at, name));
        } else if (maybe(types, "number")) {
            RANGE.stream().filter(schema::has).forEach(name -> gap(at, name));
        }
    }

    private static Set<String> types(JsonNode schema) {
        var types = new HashSet<String>();
        var given = schema.path("type");
        if (given.isTextual()) {
            types.add(given.textValue());
        }
        given.forEach(type -> types.add(type.asText()));
        return types;
    }

    /** Whether a value may have a type; without a list of types it may have any. */
    private static boolean maybe(Set<String> types, String type) {
        return types.isEmpty() || types.contains(type);
    }

    private void gap(String at, String name) {
        gap(at + "/" + escaped(name));
    }

    private void gap(String pointer) {
        if (gaps.size() < MOST) {
            gaps.add(place + "#" + pointer);
        }
    }

    static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    private static Set<String> assertions() {
        var all = new HashSet<>(NEVER);
        all.addAll(RANGE);
        all.addAll(LENGTH);
        all.addAll(Set.of(
                "type",
                "const",
                "enum",
                "anyOf",
                "oneOf",
                "allOf",
                "properties",
                "required",
                "additionalProperties",
                "unevaluatedProperties",
                "items",
                "prefixItems",
                "additionalItems",
                "minItems",
                "maxItems",
                "pattern",
                "format"));
        return Set.copyOf(all);
    }
}
