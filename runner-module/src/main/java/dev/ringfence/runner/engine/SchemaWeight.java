package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * What of a JSON Schema an engine must not get: patterns that a grammar of llama.cpp does not hold a model to, and what
 * leaves so many ways to go on at the same time that it would be at one token for seconds, or for ever. All requests of an
 * engine wait meanwhile. Counts no more exactly than it takes to refuse what is known to do that.
 */
final class SchemaWeight {
    /** With 1,000 values of an enum, an answer took 1.5 seconds with llama.cpp 0.7.0, and with 5,000 more than 15. */
    static final int MOST_WAYS = 1000;

    private static final long COUNTLESS = 1_000_000;
    private static final Set<String> DEFINITIONS = Set.of("$defs", "definitions");
    private static final Set<String> NAMES = Set.of("properties", "patternProperties", "$defs", "definitions");
    private static final Set<String> VALUES = Set.of("const", "enum", "default", "examples");

    /** What leads an engine's grammar from a schema to others, or to many values. */
    private static final List<String> FOLLOWED = List.of(
            "enum",
            "pattern",
            "anyOf",
            "oneOf",
            "allOf",
            "properties",
            "additionalProperties",
            "prefixItems",
            "items",
            "type");

    /** What may have to go, if it leads to too many. */
    private static final List<String> HEAVY =
            List.of("enum", "anyOf", "oneOf", "allOf", "properties", "additionalProperties", "type");

    /** Others may lead to what is no schema otherwise. */
    private static final Pattern ORDINARY_REFERENCE = Pattern.compile("#(?:/(?:\\$defs|definitions)/[^/]+)?");

    /** All that are one in the name that the engine's grammar has for a reference. */
    private static final Pattern SIGNS = Pattern.compile("[^A-Za-z0-9-]+");

    /** Levels of schemas that are looked into from one of them; those below were looked at before. */
    private static final int DEEPEST = 64;

    private final JsonNode root;
    private final PatternWidth widths;
    private final boolean everything;
    private final Set<String> unsure;
    private final List<Dropped> dropped = new ArrayList<>();
    private final List<ObjectNode> typedValues = new ArrayList<>();
    private final IdentityHashMap<JsonNode, Set<String>> gone = new IdentityHashMap<>();
    private final IdentityHashMap<JsonNode, Long> ways = new IdentityHashMap<>();

    private record Dropped(ObjectNode owner, String keyword, String pointer) {}

    private SchemaWeight(JsonNode root, PatternWidth widths) {
        this.root = root;
        this.widths = widths;
        var references = root.findValuesAsText("$ref");
        this.everything = !references.stream()
                .allMatch(reference -> ORDINARY_REFERENCE.matcher(reference).matches());
        this.unsure = unsure(references);
    }

    /**
     * Those that lead elsewhere in a grammar than in the schema, or may: the engine takes references for the same that
     * differ only in signs, and a {@code ~} or {@code %} as it stands.
     */
    private static Set<String> unsure(List<String> references) {
        var same = new HashMap<String, Set<String>>();
        var unsure = new HashSet<String>();
        for (var reference : references) {
            same.computeIfAbsent(SIGNS.matcher(reference).replaceAll("-"), _ -> new HashSet<>())
                    .add(reference);
            if (reference.contains("~") || reference.contains("%")) {
                unsure.add(reference);
            }
        }
        same.values().stream().filter(some -> some.size() > 1).forEach(unsure::addAll);
        return unsure;
    }

    private boolean isUnsure(JsonNode schema) {
        return unsure.contains(schema.path("$ref").asText(""));
    }

    /** JSON pointers to the keywords that have to go. */
    static Set<String> of(JsonNode schema, PatternWidth widths) {
        var pointers = new LinkedHashSet<String>();
        look(schema, widths).dropped.forEach(one -> pointers.add(one.pointer()));
        return pointers;
    }

    /**
     * Takes out what only makes the same grammar larger, and the keywords that have to go.
     *
     * @param strict whether these are to stay, for who refuses the schema because of them
     */
    static void lighten(JsonNode schema, boolean strict, PatternWidth widths) {
        var weight = look(schema, widths);
        weight.typedValues.forEach(values -> values.remove("type"));
        if (strict) {
            return;
        }
        weight.dropped.forEach(one -> {
            one.owner().remove(one.keyword());
            switch (one.keyword()) {
                // By themselves they would allow nothing, or ask for what is not described.
                case "properties" -> one.owner().remove(List.of("additionalProperties", "required"));
                // Without it there would be no others.
                case "additionalProperties" -> one.owner().put("additionalProperties", true);
                default -> {
                    // What is beside it says enough without it.
                }
            }
        });
    }

    private static SchemaWeight look(JsonNode schema, PatternWidth widths) {
        var weight = new SchemaWeight(schema, widths);
        weight.visit(schema, "", false);
        return weight;
    }

    /** From the inside out, and definitions first, so that what has gone counts no more. */
    private void visit(JsonNode node, String at, boolean names) {
        if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                visit(array.get(i), at + "/" + i, false);
            }
        } else if (node instanceof ObjectNode object) {
            for (boolean definitions : new boolean[] {true, false}) {
                for (var field : object.properties()) {
                    var name = field.getKey();
                    boolean schema = names || everything || !VALUES.contains(name);
                    if (schema && definitions == DEFINITIONS.contains(name)) {
                        visit(field.getValue(), at + "/" + SchemaGaps.escaped(name), !names && NAMES.contains(name));
                    }
                }
            }
            if (!names || everything) {
                weigh(object, at);
            }
        }
    }

    private void weigh(ObjectNode schema, String at) {
        if (schema.path("pattern").isTextual()) {
            long width = widths.of(schema.path("pattern").textValue());
            drop(width > PatternWidth.WIDEST, schema, "pattern", at);
            ways.put(schema.path("pattern"), width > PatternWidth.WIDEST ? 1 : width);
        }
        drop(isUnsure(schema), schema, "$ref", at);
        for (var name : HEAVY) {
            drop(ways(schema, name, DEEPEST) > MOST_WAYS, schema, name, at);
        }
        if (isTypedValues(schema)) {
            typedValues.add(schema);
        }
    }

    /** Whether all values are given and their types, too: the grammar would only have all of them again for each type. */
    private boolean isTypedValues(ObjectNode schema) {
        // Where a reference may lead anywhere, this may be no schema but a value.
        boolean values = schema.has("const") || (schema.has("enum") && !hasLost(schema, "enum"));
        return !everything && schema.path("type").isArray() && values;
    }

    private boolean hasLost(JsonNode schema, String keyword) {
        return gone.getOrDefault(schema, Set.of()).contains(keyword);
    }

    private void drop(boolean heavy, ObjectNode schema, String keyword, String at) {
        if (heavy) {
            dropped.add(new Dropped(schema, keyword, at + "/" + keyword));
            gone.computeIfAbsent(schema, _ -> new HashSet<>()).add(keyword);
            ways.remove(schema);
        }
    }

    private long ways(JsonNode node, int deeper) {
        if (!(node instanceof ObjectNode schema) || deeper == 0) {
            return 1;
        }
        var known = ways.get(schema);
        if (known != null) {
            return known;
        }
        ways.put(schema, 1L); // For a ring of references, which comes here again.
        var target = schema.path("$ref").asText("");
        long most = 1;
        if (isUnsure(schema)) {
            most = hasLost(schema, "$ref") ? 1 : COUNTLESS;
        } else if (target.startsWith("#/")) {
            most = ways(root.at(target.substring(1)), deeper - 1);
        }
        for (var name : FOLLOWED) {
            most = Math.max(most, ways(schema, name, deeper));
        }
        ways.put(schema, most);
        return most;
    }

    /** Alternatives add up; of what comes one after the other, the most counts. */
    private long ways(ObjectNode schema, String name, int deeper) {
        var value = schema.path(name);
        if (value.isMissingNode() || hasLost(schema, name)) {
            return 1;
        }
        return switch (name) {
            case "enum" -> value.size();
            case "pattern" -> ways.getOrDefault(value, 1L);
            case "anyOf", "oneOf" -> Math.min(COUNTLESS, either(value, deeper));
            case "allOf" -> Math.min(COUNTLESS, all(value, deeper));
            case "properties" ->
                Math.max(optional(schema), each(value, deeper).max().orElse(1));
            case "type" -> value.isArray() && !isTypedValues(schema) ? types(schema, deeper) : 1;
            default -> value.isArray() ? each(value, deeper).max().orElse(1) : ways(value, deeper - 1);
        };
    }

    /** Those that are told apart are together only until then; of what comes after that, the most counts. */
    private long either(JsonNode alternatives, int deeper) {
        var toldApart = new ToldApart(root, alternatives, one -> isUnsure(one) || hasLost(one, "properties"));
        long together = 0;
        long begun = 0;
        long most = 0;
        for (var one : alternatives) {
            long ways = ways(one, deeper - 1);
            if (!everything && toldApart.has(one)) {
                begun++;
                most = Math.max(most, ways);
            } else {
                together += ways;
            }
        }
        return together + Math.max(begun, most);
    }

    /** Objects of which alternatives are a part have the properties of all of them, each or not. */
    private long all(JsonNode parts, int deeper) {
        long all = 0;
        for (var part : parts) {
            long described = 0;
            for (var one : part.path("anyOf")) {
                described += Math.max(
                        ways(one, deeper - 1), referred(one).path("properties").size());
            }
            all += Math.max(ways(part, deeper - 1), described);
        }
        return all;
    }

    private JsonNode referred(JsonNode part) {
        var schema = part;
        for (int i = 0; i < DEEPEST && schema.path("$ref").asText("").startsWith("#/"); i++) {
            schema = root.at(schema.path("$ref").asText().substring(1));
        }
        return schema;
    }

    private static long optional(ObjectNode schema) {
        var required = new HashSet<String>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        return schema.path("properties").properties().stream()
                .filter(property -> !required.contains(property.getKey()))
                .count();
    }

    /** A list of types is a schema for each of them, also where one is named twice. */
    private long types(ObjectNode schema, int deeper) {
        var each = LongStream.builder();
        for (var type : schema.path("type")) {
            var followed = switch (type.asText()) {
                case "object" -> List.of("enum", "allOf", "properties", "additionalProperties");
                case "array" -> List.of("enum", "prefixItems", "items");
                case "string" -> List.of("enum", "allOf", "pattern");
                default -> List.of("enum");
            };
            each.add(followed.stream()
                    .mapToLong(name -> ways(schema, name, deeper))
                    .max()
                    .orElse(1));
        }
        return Math.min(COUNTLESS, each.build().sum());
    }

    private LongStream each(JsonNode children, int deeper) {
        var each = LongStream.builder();
        children.forEach(child -> each.add(ways(child, deeper - 1)));
        return each.build();
    }
}
