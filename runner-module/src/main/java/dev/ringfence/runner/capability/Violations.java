package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.ValidationMessage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;

/** Says in a sentence which argument breaks which rule: the place as a JSON pointer, the value, the limit. */
final class Violations {
    private static final int LONGEST_VALUE = 60;
    private static final String EITHER = "/anyOf/";

    private Violations() {}

    /**
     * A sentence for each, but only one for alternatives of which each needs an argument that is missing.
     *
     * @param most how many at most
     */
    static List<String> sentences(Collection<ValidationMessage> violations, int most) {
        var sentences = new ArrayList<String>();
        var alternatives = new LinkedHashMap<String, List<String>>();
        for (var violation : violations) {
            var rule = violation.getEvaluationPath().toString();
            int branch = rule.indexOf(EITHER);
            if (branch >= 0 && violation.getType().equals("required")) {
                var place = violation.getInstanceLocation().toString();
                alternatives
                        .computeIfAbsent(place + " " + rule.substring(0, branch), _ -> new ArrayList<>())
                        .add(pointer(place, violation.getProperty()));
            } else {
                sentences.add(sentence(violation));
            }
        }
        alternatives
                .values()
                .forEach(missing -> sentences.add("one of these is missing: " + String.join(", ", missing)));
        return sentences.stream().limit(most).toList();
    }

    private static String sentence(ValidationMessage violation) {
        var place = violation.getInstanceLocation().toString();
        var value = violation.getInstanceNode();
        var limit = violation.getSchemaNode();
        return switch (violation.getType()) {
            case "required" -> pointer(place, violation.getProperty()) + " is missing";
            case "additionalProperties" -> pointer(place, violation.getProperty()) + " is not known here";
            case "type" -> "%s is %s, and must be of type %s".formatted(whole(place), show(value), plain(limit));
            case "enum" -> "%s is %s, and must be one of %s".formatted(whole(place), show(value), plain(limit));
            case "minimum" -> "%s is %s, and must be at least %s".formatted(place, show(value), plain(limit));
            case "maximum" -> "%s is %s, and must be at most %s".formatted(place, show(value), plain(limit));
            case "minLength" ->
                "%s has %d characters, and must have at least %s".formatted(place, length(value), plain(limit));
            case "maxLength" ->
                "%s has %d characters, and must have at most %s".formatted(place, length(value), plain(limit));
            case "minItems" ->
                "%s has %d items, and must have at least %s".formatted(place, value.size(), plain(limit));
            case "maxItems" -> "%s has %d items, and may have at most %s".formatted(place, value.size(), plain(limit));
            case "pattern" -> "%s is %s, and must match %s".formatted(place, show(value), plain(limit));
            default ->
                "%s is %s, and breaks the rule %s %s"
                        .formatted(whole(place), show(value), violation.getType(), clip(plain(limit)));
        };
    }

    private static String pointer(String place, String property) {
        return place + "/" + property.replace("~", "~0").replace("/", "~1");
    }

    /** The pointer to the whole document is empty, which reads badly. */
    private static String whole(String place) {
        return place.isEmpty() ? "the document" : place;
    }

    private static int length(JsonNode text) {
        return text.asText().codePointCount(0, text.asText().length());
    }

    private static String show(JsonNode value) {
        return switch (value.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            default -> clip(value.toString());
        };
    }

    private static String plain(JsonNode limit) {
        if (!limit.isArray()) {
            return limit.isTextual() ? limit.asText() : limit.toString();
        }
        var words = new ArrayList<String>();
        limit.forEach(word -> words.add(word.asText()));
        return String.join(", ", words);
    }

    private static String clip(String text) {
        return text.length() <= LONGEST_VALUE ? text : text.substring(0, LONGEST_VALUE) + "…";
    }
}
