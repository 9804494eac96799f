package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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

    private static final Set<String> ALL_KINDS = Set.of("object", "array", "string", "number", "boolean", "null");

    /** Beside them, an object's properties are not all that it is. */
    private static final Set<String> MORE_THAN_PROPERTIES = Set.of("$ref", "anyOf", "oneOf", "allOf", "const", "enum");

    /** As long a chain of references as any schema has. */
    private static final int MOST_REFERENCES = 64;

    private static final int DEEPEST_KIND = 32;
    private static final int MOST_ROUNDS = 16;

    private final JsonNode root;
    private final SchemaBudget budget;
    private final boolean shown;
    private final boolean everything;
    private final Set<String> unsure;
    private final List<Dropped> dropped = new ArrayList<>();
    private final List<ObjectNode> typedValues = new ArrayList<>();
    private final List<ObjectNode> escaped = new ArrayList<>();
    private final List<ObjectNode> formatted = new ArrayList<>();
    private final IdentityHashMap<JsonNode, Set<String>> gone = new IdentityHashMap<>();
    private final IdentityHashMap<JsonNode, Long> ways = new IdentityHashMap<>();

    /** Those that may have less once something has gone. */
    private final List<ObjectNode> tooMany = new ArrayList<>();

    private final List<ObjectNode> missing = new ArrayList<>();
    private IdentityHashMap<JsonNode, Set<String>> kinds = new IdentityHashMap<>();

    private record Dropped(ObjectNode owner, String keyword, String pointer) {}

    private SchemaWeight(JsonNode root, boolean shown, SchemaBudget budget) {
        this.root = root;
        this.budget = budget;
        this.shown = shown;
        this.everything = leadsAnywhere(root);
        this.unsure = SchemaReferences.unsure(root);
    }

    /** Whether a reference may lead to any place: all may be schemas then, and values as well. */
    static boolean leadsAnywhere(JsonNode root) {
        return !root.findValuesAsText("$ref").stream()
                .allMatch(reference -> ORDINARY_REFERENCE.matcher(reference).matches());
    }

    private boolean isUnsure(JsonNode schema) {
        return unsure.contains(schema.path("$ref").asText(""));
    }

    /** JSON pointers to the keywords that have to go, of a schema that only the grammar gets. */
    static Set<String> of(JsonNode schema, SchemaBudget budget) {
        return of(schema, false, budget);
    }

    /**
     * JSON pointers to the keywords that have to go.
     *
     * @param shown whether the model reads the schema, too: a format that became a pattern would take its context
     */
    static Set<String> of(JsonNode schema, boolean shown, SchemaBudget budget) {
        var pointers = new LinkedHashSet<String>();
        look(schema, shown, budget).dropped.forEach(one -> pointers.add(one.pointer()));
        return pointers;
    }

    /**
     * Takes out what only makes the same grammar larger, and the keywords that have to go, and writes patterns and formats as
     * the grammar knows them; of a schema that only the grammar gets.
     *
     * @param strict whether these are to stay, for who refuses the schema because of them
     */
    static void lighten(JsonNode schema, boolean strict, SchemaBudget budget) {
        lighten(look(schema, false, budget), strict);
    }

    /** The same of a schema that the model reads, too, and in which formats stay what they are. */
    static void lightenShown(JsonNode schema, SchemaBudget budget) {
        lighten(look(schema, true, budget), false);
    }

    private static void lighten(SchemaWeight weight, boolean strict) {
        weight.typedValues.forEach(values -> values.remove("type"));
        weight.escaped.forEach(one -> one.put("pattern", weight.plain(one)));
        if (!strict) {
            weight.takeOutTheDropped();
        }
        weight.formatted.stream()
                .filter(one -> !one.has("pattern"))
                .forEach(one -> one.put(
                        "pattern", GrammarFormats.pattern(one.remove("format").textValue())));
    }

    private void takeOutTheDropped() {
        dropped.forEach(one -> {
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

    private static SchemaWeight look(JsonNode schema, boolean shown, SchemaBudget budget) {
        var weight = new SchemaWeight(schema, shown, budget);
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
        if (hasPattern(schema)) {
            var pattern = plain(schema);
            drop(budget.width(pattern) > PatternWidth.WIDEST, schema, "pattern", at);
            if (!pattern.equals(schema.path("pattern").textValue()) && !hasLost(schema, "pattern")) {
                escaped.add(schema);
            }
        }
        var meant = hasPattern(schema) ? null : sentPattern(schema);
        if (meant != null) {
            boolean room = budget.takes(meant);
            drop(!room, schema, "format", at);
            if (room) {
                formatted.add(schema);
            }
        }
        drop(isUnsure(schema), schema, "$ref", at);
        for (var name : HEAVY) {
            settle(schema);
            drop(ways(schema, name) > MOST_WAYS, schema, name, at);
        }
        if (isTypedValues(schema)) {
            typedValues.add(schema);
        }
    }

    /** Whether all values are given and their types, too: the grammar would only have all of them again for each type. */
    private boolean isTypedValues(JsonNode schema) {
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
            tooMany.forEach(ways::remove);
            tooMany.clear();
            kinds = new IdentityHashMap<>();
        }
    }

    private String plain(JsonNode schema) {
        var pattern = schema.path("pattern").textValue();
        // Where a reference may lead anywhere, this may be no schema but a value, which has to stay as it is.
        return everything ? pattern : GrammarPattern.plain(pattern);
    }

    private boolean hasPattern(JsonNode schema) {
        return schema.path("pattern").isTextual() && !hasLost(schema, "pattern");
    }

    /** With what the engine holds a model to a text: the schema's own, or what stands for its format. */
    private @Nullable String sentPattern(JsonNode schema) {
        if (hasPattern(schema)) {
            return plain(schema);
        }
        return everything || shown || hasLost(schema, "format")
                ? null
                : GrammarFormats.pattern(schema.path("format").asText());
    }

    /** A pattern that is too wide does not stay; a format's is not, but it may be too late to find out how wide it is. */
    private long width(JsonNode schema) {
        var pattern = sentPattern(schema);
        long width = pattern == null ? 1 : budget.width(pattern);
        return width <= PatternWidth.WIDEST ? width : hasPattern(schema) ? 1 : PatternWidth.WIDEST;
    }

    /**
     * Finds the ways of a schema and of all that it leads to. They may lead to each other in a ring: each begins with one
     * way, and all are counted again until none has more.
     */
    private void settle(ObjectNode schema) {
        if (ways.containsKey(schema) || budget.isSpent()) {
            return;
        }
        var reached = reached(schema);
        boolean more = true;
        for (int round = 0; more && !budget.isSpent(); round++) {
            more = false;
            for (var one : reached) {
                budget.spend(1);
                long before = ways.getOrDefault(one, 1L);
                long now = ways(one);
                if (now > before) {
                    more = true;
                    // In a ring that has not come to rest by then, each time round adds some.
                    ways.put(one, round < MOST_ROUNDS ? now : COUNTLESS);
                }
            }
        }
        for (var one : reached) {
            if (budget.isSpent()) {
                ways.put(one, COUNTLESS);
            }
            if (ways.getOrDefault(one, 1L) > MOST_WAYS) {
                tooMany.add(one);
            }
        }
    }

    /** Those that are not settled yet, what leads to others after these. */
    private List<ObjectNode> reached(ObjectNode schema) {
        var reached = new ArrayList<ObjectNode>();
        Set<ObjectNode> done = Collections.newSetFromMap(new IdentityHashMap<>());
        var open = new ArrayDeque<ObjectNode>();
        open.push(schema);
        while (!open.isEmpty()) {
            var one = open.element();
            if (ways.putIfAbsent(one, 1L) == null) {
                var _ = ways(one);
                missing.forEach(open::push);
                missing.clear();
            } else {
                open.pop();
                if (done.add(one)) {
                    reached.add(one);
                }
            }
        }
        return reached;
    }

    private long ways(ObjectNode schema) {
        var target = schema.path("$ref").asText("");
        // What leads elsewhere does not stay.
        long most = !isUnsure(schema) && (target.equals("#") || target.startsWith("#/"))
                ? known(root.at(target.substring(1)))
                : 1;
        for (var name : FOLLOWED) {
            most = Math.max(most, ways(schema, name));
        }
        return Math.min(COUNTLESS, most);
    }

    private long known(JsonNode node) {
        budget.spend(1);
        if (!(node instanceof ObjectNode schema)) {
            return 1;
        }
        if (budget.isSpent()) {
            return COUNTLESS;
        }
        var known = ways.get(schema);
        if (known == null) {
            missing.add(schema);
            return 1;
        }
        return known;
    }

    /** Alternatives add up; of what comes one after the other, the most counts. */
    private long ways(ObjectNode schema, String name) {
        if (name.equals("pattern")) {
            return width(schema);
        }
        var value = schema.path(name);
        if (value.isMissingNode() || hasLost(schema, name)) {
            return 1;
        }
        return switch (name) {
            case "enum" -> value.size();
            case "anyOf", "oneOf" -> Math.min(COUNTLESS, either(value));
            case "allOf" -> Math.min(COUNTLESS, all(value));
            case "properties" -> Math.max(optional(schema), each(value).max().orElse(1));
            case "type" -> value.isArray() && !isTypedValues(schema) ? types(schema) : 1;
            default -> value.isArray() ? each(value).max().orElse(1) : known(value);
        };
    }

    /** Those that are told apart are together only until then; of what comes after that, the most counts. */
    private long either(JsonNode alternatives) {
        if (budget.isSpent()) {
            return COUNTLESS;
        }
        var toldApart = new ToldApart(root, alternatives, one -> isUnsure(one) || hasLost(one, "properties"), budget);
        var together = new HashMap<String, Long>();
        long begun = 0;
        long most = 0;
        for (var one : alternatives) {
            long ways = known(one);
            if (!everything && toldApart.has(one)) {
                begun++;
                most = Math.max(most, ways);
            } else {
                // Values of different kinds differ in their first character.
                kinds(one, DEEPEST_KIND).forEach(kind -> together.merge(kind, ways, Long::sum));
            }
        }
        together.merge("object", Math.max(begun, most), Long::sum);
        return Math.max(alternatives.size(), Collections.max(together.values()));
    }

    /** Of which kinds the engine lets a schema's values be; all where it is not certain. */
    private Set<String> kinds(JsonNode schema, int deeper) {
        budget.spend(1);
        if (everything || deeper == 0 || budget.isSpent()) {
            return ALL_KINDS;
        }
        var known = kinds.putIfAbsent(schema, ALL_KINDS); // For a ring, which comes here again.
        if (known == null) {
            known = foundKinds(schema, deeper - 1);
            kinds.put(schema, known);
        }
        return known;
    }

    private Set<String> foundKinds(JsonNode schema, int deeper) {
        var type = schema.path("type");
        if (schema.has("$ref")) {
            return isUnsure(schema)
                    ? ALL_KINDS
                    : kinds(root.at(schema.path("$ref").asText("").substring(1)), deeper);
        }
        if (schema.has("oneOf") || schema.has("anyOf")) {
            if (hasLost(schema, "oneOf") || hasLost(schema, "anyOf")) {
                return ALL_KINDS;
            }
            var kinds = new HashSet<String>();
            schema.path("oneOf").forEach(one -> kinds.addAll(kinds(one, deeper)));
            schema.path("anyOf").forEach(one -> kinds.addAll(kinds(one, deeper)));
            return kinds;
        }
        boolean values = schema.has("const") || (schema.path("enum").isArray() && !hasLost(schema, "enum"));
        if (values && (!type.isArray() || isTypedValues(schema))) {
            var kinds = new HashSet<String>();
            budget.spend(schema.path("enum").size());
            (schema.has("const") ? List.of(schema.path("const")) : schema.path("enum"))
                    .forEach(value -> kinds.add(value.getNodeType().name().toLowerCase(Locale.ROOT)));
            return kinds;
        }
        if (type.isMissingNode() && schema.has("allOf") && !hasLost(schema, "allOf")) {
            return mayBeValues(schema.path("allOf")) ? ALL_KINDS : Set.of("object");
        }
        // Also of a text, the parts may make an object.
        return type.isTextual() && !(schema.has("allOf") && !type.textValue().equals("object"))
                ? Set.of(kind(type.textValue()))
                : ALL_KINDS;
    }

    /** Whether parts may have values in common, which are all that there is then. */
    private boolean mayBeValues(JsonNode parts) {
        for (var part : parts) {
            for (var one : part.has("anyOf") ? part.path("anyOf") : List.of(part)) {
                var meant = referred(one);
                if (meant.has("enum") || meant.has("$ref")) {
                    return true;
                }
            }
        }
        return false;
    }

    private static String kind(String type) {
        return type.equals("integer") ? "number" : type;
    }

    /** Objects of which alternatives are a part have the properties of all of them, each or not. */
    private long all(JsonNode parts) {
        long all = 0;
        long begun = 0;
        long most = 0;
        boolean oneAfterTheOther = !everything;
        var names = new HashSet<String>();
        for (var part : parts) {
            if (budget.isSpent()) {
                return COUNTLESS;
            }
            long ways = 0;
            for (var one : part.path("anyOf")) {
                ways += Math.max(known(one), referred(one).path("properties").size());
            }
            all += Math.max(known(part), ways);
            most = Math.max(most, known(part));
            var meant = referred(part);
            var described = propertyNames(meant);
            // The properties of plain objects come one after the other, as if one had described them all.
            oneAfterTheOther &= meant instanceof ObjectNode
                    && meant.has("properties")
                    && MORE_THAN_PROPERTIES.stream().noneMatch(meant::has)
                    && !hasLost(meant, "properties")
                    && Collections.disjoint(names, described);
            names.addAll(described);
            begun += meant instanceof ObjectNode object ? optional(object) : 0;
        }
        return oneAfterTheOther ? Math.max(begun, most) : all;
    }

    private Set<String> propertyNames(JsonNode schema) {
        budget.spend(schema.path("properties").size());
        var names = new HashSet<String>();
        schema.path("properties").fieldNames().forEachRemaining(names::add);
        return names;
    }

    private JsonNode referred(JsonNode part) {
        var schema = part;
        budget.spend(1);
        for (int i = 0; i < MOST_REFERENCES && schema.path("$ref").asText("").startsWith("#/"); i++) {
            budget.spend(1);
            schema = root.at(schema.path("$ref").asText().substring(1));
        }
        return schema;
    }

    private long optional(ObjectNode schema) {
        budget.spend(schema.path("required").size() + schema.path("properties").size());
        var required = new HashSet<String>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        return schema.path("properties").properties().stream()
                .filter(property -> !required.contains(property.getKey()))
                .count();
    }

    /** A list of types is a schema for each of them, also where one is named twice; their first characters differ. */
    private long types(ObjectNode schema) {
        boolean apart = !everything && Stream.of("allOf", "enum", "const").noneMatch(schema::has);
        var each = new HashMap<String, Long>();
        for (var type : schema.path("type")) {
            if (budget.isSpent()) {
                return COUNTLESS;
            }
            var followed = switch (type.asText()) {
                case "object" -> List.of("enum", "allOf", "properties", "additionalProperties");
                case "array" -> List.of("enum", "prefixItems", "items");
                case "string" -> List.of("enum", "allOf", "pattern");
                default -> List.of("enum");
            };
            long ways = followed.stream()
                    .mapToLong(name -> ways(schema, name))
                    .max()
                    .orElse(1);
            each.merge(apart ? kind(type.asText()) : "any", ways, Long::sum);
        }
        return Math.min(
                COUNTLESS,
                each.values().stream().mapToLong(Long::longValue).max().orElse(1));
    }

    private LongStream each(JsonNode children) {
        var each = LongStream.builder();
        children.forEach(child -> each.add(known(child)));
        return each.build();
    }
}
