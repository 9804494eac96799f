package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A capability as its author wrote it.
 *
 * @param argv the program and its arguments; words of one group are left out together
 * @param json whether the program's output is JSON
 */
record Manifest(
        String name,
        String description,
        List<List<String>> argv,
        Map<String, Parameter> parameters,
        Optional<String> profile,
        Optional<Duration> deadline,
        boolean repeatable,
        boolean json) {
    /** Where the value of a parameter is put. */
    static final Pattern PLACE = Pattern.compile("\\{([a-z][a-z0-9_]*)}");

    /** Something that the caller gives. */
    sealed interface Parameter {
        String description();

        boolean required();

        /** Any text without NUL. */
        record Text(String description, boolean required, Optional<Pattern> pattern, int maxLength)
                implements Parameter {}

        /** A whole number. */
        record Whole(String description, boolean required, long minimum, long maximum) implements Parameter {}

        /** Puts a word there, or none. */
        record Flag(String description, String word) implements Parameter {
            @Override
            public boolean required() {
                return false;
            }
        }

        /** One of some words. */
        record Choice(String description, boolean required, List<String> values) implements Parameter {}

        /** A path below a root, given to the program as it sees it. */
        record Beneath(String description, boolean required, String root, boolean write) implements Parameter {}
    }

    /** The JSON Schema of the arguments. */
    ObjectNode schema() {
        var schema = ResultJson.object();
        schema.put("$schema", "https://json-schema.org/draft/2020-12/schema").put("type", "object");
        var properties = schema.putObject("properties");
        var required = ResultJson.object().arrayNode();
        parameters.forEach((key, parameter) -> {
            describe(parameter, properties.putObject(key));
            if (parameter.required()) {
                required.add(key);
            }
        });
        if (!required.isEmpty()) {
            schema.set("required", required);
        }
        return schema.put("additionalProperties", false);
    }

    private static void describe(Parameter parameter, ObjectNode property) {
        property.put("description", parameter.description());
        switch (parameter) {
            case Parameter.Text text -> property.put("type", "string").put("maxLength", text.maxLength());
            case Parameter.Whole whole ->
                property.put("type", "integer").put("minimum", whole.minimum()).put("maximum", whole.maximum());
            case Parameter.Flag _ -> property.put("type", "boolean");
            case Parameter.Choice choice -> choice.values().forEach(property.putArray("enum")::add);
            case Parameter.Beneath _ ->
                property.put("type", "string").put("minLength", 1).put("maxLength", 4096);
        }
    }

    /**
     * The program's arguments for values that keep the schema.
     *
     * @param values of those parameters that were given, as text
     * @throws InvalidArguments when a value would become an option of the program
     */
    List<String> arguments(Map<String, String> values) {
        var words = new ArrayList<String>();
        var violations = new ArrayList<String>();
        boolean noOptions = false;
        for (var group : argv) {
            if (!complete(group, values)) {
                continue;
            }
            for (int i = 0; i < group.size(); i++) {
                var template = group.get(i);
                var place = PLACE.matcher(template);
                // The second word of a group belongs to the option before it.
                boolean mayBeOption = !noOptions && place.lookingAt() && !flag(place.group(1)) && i == 0;
                var word = PLACE.matcher(template)
                        .replaceAll(found -> Matcher.quoteReplacement(values.getOrDefault(found.group(1), "")));
                if (mayBeOption && word.startsWith("-")) {
                    violations.add(
                            "/" + place.group(1) + " begins with \"-\", and the program would take it for an option");
                }
                noOptions |= template.equals("--");
                words.add(word);
            }
        }
        if (!violations.isEmpty()) {
            throw new InvalidArguments(violations);
        }
        return words;
    }

    private boolean flag(String name) {
        return parameters.get(name) instanceof Parameter.Flag;
    }

    private static boolean complete(List<String> group, Map<String, String> values) {
        return group.stream()
                .allMatch(word -> PLACE.matcher(word).results().allMatch(found -> values.containsKey(found.group(1))));
    }
}
