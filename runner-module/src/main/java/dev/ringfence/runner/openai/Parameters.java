package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.PassedOver;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a request's parameters one by one, and knows in the end which nobody has read. A parameter that is null counts
 * as left out, as OpenAI's clients mean it.
 */
final class Parameters {
    private static final int LONGEST_SHOWN = 60;
    private static final int LONGEST_GRAMMAR = 128 * 1024;
    private static final int LONGEST_OF_SERVICES = 1024;

    private final ObjectNode request;
    private final Set<String> read = new HashSet<>();
    private final List<String> unreadWithin = new ArrayList<>();

    Parameters(ObjectNode request) {
        this.request = request;
    }

    /** The parameter, or null when it is left out. */
    @Nullable JsonNode get(String name) {
        read.add(name);
        var value = request.get(name);
        return value == null || value.isNull() ? null : value;
    }

    /** What was given and nobody has read, in order; what is within others comes last. */
    List<String> unread() {
        return Stream.concat(others(request, read), unreadWithin.stream()).toList();
    }

    /** Notes what nobody reads of a parameter's parts. */
    void onlyWithin(JsonNode part, String place, Set<String> known) {
        others(part, known).forEach(name -> unreadWithin.add(place + "." + name));
    }

    private static Stream<String> others(JsonNode object, Set<String> known) {
        return object.properties().stream()
                .filter(field ->
                        !known.contains(field.getKey()) && !field.getValue().isNull())
                .map(Map.Entry::getKey);
    }

    String requiredText(String name, String what) {
        var value = get(name);
        if (value == null) {
            throw InvalidParameter.missing(name, what);
        }
        if (!value.isTextual() || value.textValue().isEmpty()) {
            throw InvalidParameter.type(name, what, value);
        }
        return value.textValue();
    }

    boolean flag(String name, boolean otherwise) {
        var value = get(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw InvalidParameter.type(name, "true or false", value);
        }
        return value.booleanValue();
    }

    /** Copies a text, if it is there. */
    static void copyText(JsonNode from, String name, String place, ObjectNode target) {
        var value = from.path(name);
        if (value.isTextual()) {
            target.set(name, value);
        } else if (!value.isMissingNode() && !value.isNull()) {
            throw InvalidParameter.type(place + "." + name, "a text", value);
        }
    }

    /** Copies true or false, if it is there. */
    static void copyFlag(JsonNode from, String name, String place, ObjectNode target) {
        var value = from.path(name);
        if (value.isBoolean()) {
            target.set(name, value);
        } else if (!value.isMissingNode() && !value.isNull()) {
            throw InvalidParameter.type(place + "." + name, "true or false", value);
        }
    }

    /** Copies what only services elsewhere act on. */
    void services(ObjectNode target) {
        for (var name : PassedOver.OF_SERVICES) {
            var value = get(name);
            if (value != null && !(value.isTextual() && value.textValue().length() <= LONGEST_OF_SERVICES)) {
                throw InvalidParameter.type(name, "a text of at most " + LONGEST_OF_SERVICES + " characters", value);
            }
            if (value != null) {
                target.set(name, value);
            }
        }
    }

    /** Copies a number, if it is there, after a look at its range. */
    void number(String name, double least, double most, ObjectNode target) {
        var value = get(name);
        if (value == null) {
            return;
        }
        var what = "a number from %s to %s".formatted(plain(least), plain(most));
        if (!value.isNumber()) {
            throw InvalidParameter.type(name, what, value);
        }
        if (!(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw InvalidParameter.value(name, what, value);
        }
        target.set(name, value);
    }

    /** A whole number in a range, or null when it is left out. */
    @Nullable Long integer(String name, long least, long most) {
        var value = get(name);
        if (value == null) {
            return null;
        }
        var what = "a whole number from %d to %d".formatted(least, most);
        if (!value.isIntegralNumber()) {
            throw InvalidParameter.type(name, what, value);
        }
        if (!value.canConvertToLong() || value.longValue() < least || value.longValue() > most) {
            throw InvalidParameter.value(name, what, value);
        }
        return value.longValue();
    }

    @Nullable ArrayNode array(String name) {
        var value = get(name);
        if (value == null) {
            return null;
        }
        if (!(value instanceof ArrayNode array)) {
            throw InvalidParameter.type(name, "an array", value);
        }
        return array;
    }

    @Nullable ObjectNode object(String name) {
        var value = get(name);
        if (value == null) {
            return null;
        }
        if (!(value instanceof ObjectNode object)) {
            throw InvalidParameter.type(name, "an object", value);
        }
        return object;
    }

    /**
     * Looks at the size of what becomes a grammar: an engine takes many times as much memory for it, and has all its
     * requests in one.
     */
    static void bounded(String place, JsonNode value) {
        int length = value.toString().length();
        if (length > LONGEST_GRAMMAR) {
            throw InvalidParameter.unsupported(
                    place,
                    "it has %d characters as JSON, and at most %d are taken; leave some of it out."
                            .formatted(length, LONGEST_GRAMMAR));
        }
    }

    /** Refuses a parameter that is there, unless it has the value that it would have without. */
    void only(String name, String allowed, String why) {
        var value = get(name);
        if (value != null && !value.asText().equals(allowed)) {
            throw InvalidParameter.unsupported(name, why);
        }
    }

    /** Refuses a parameter that is there. */
    void refuse(String name, String why) {
        if (get(name) != null) {
            throw InvalidParameter.unsupported(name, why);
        }
    }

    static String show(Object value) {
        if (value instanceof JsonNode json) {
            return switch (json.getNodeType()) {
                case OBJECT -> "an object";
                case ARRAY -> "an array of " + json.size();
                default -> clip(json.toString());
            };
        }
        return clip(String.valueOf(value));
    }

    private static String clip(String text) {
        return text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "…";
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? String.valueOf((long) number) : String.valueOf(number);
    }
}
