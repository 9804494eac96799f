package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import org.jspecify.annotations.Nullable;

/**
 * The key that a service is asked with, and what takes it out of what that service says: some repeat it when they refuse
 * it. Found is the whole key, its characters as they are or as JSON and addresses may write them. Pure.
 */
final class ServiceKey {
    private static final String HIDDEN = "(the key)";

    /** A shorter one may be a word, such as those that servers without keys are given, and a word has its place in an answer. */
    private static final int NO_WORD = 16;

    private final @Nullable String key;

    /** @param key null when the service wants none */
    ServiceKey(@Nullable String key) {
        this.key = key;
    }

    @Nullable String value() {
        return key;
    }

    /** What a message may have of a text: without the key, and no longer than that. */
    String hiddenIn(String text, int length) {
        return Texts.clip(hiddenIn(text), length);
    }

    private String hiddenIn(String text) {
        if (key == null) {
            return text;
        }
        var shown = new StringBuilder();
        int shownUntil = 0;
        for (int i = 0; i < text.length(); i++) {
            int end = end(key, text, i);
            if (end > 0) {
                shown.append(text, shownUntil, i).append(HIDDEN);
                shownUntil = end;
                i = end - 1;
            }
        }
        return shownUntil == 0
                ? text
                : shown.append(text, shownUntil, text.length()).toString();
    }

    /** Passes on an answer, without the key. */
    GenerationListener hiddenFrom(GenerationListener listener) {
        return key == null || key.length() < NO_WORD
                ? listener
                : event -> {
                    if (event instanceof Delta delta) {
                        hide(delta.choice());
                    }
                    listener.heard(event);
                };
    }

    private void hide(JsonNode json) {
        switch (json) {
            case ObjectNode object -> object.properties().forEach(field -> field.setValue(hidden(field.getValue())));
            case ArrayNode array -> {
                for (int i = 0; i < array.size(); i++) {
                    array.set(i, hidden(array.get(i)));
                }
            }
            default -> {
                // A number, or nothing.
            }
        }
    }

    private JsonNode hidden(JsonNode value) {
        if (!value.isTextual()) {
            hide(value);
            return value;
        }
        var text = value.textValue();
        var shown = hiddenIn(text);
        return shown.equals(text) ? value : JsonNodeFactory.instance.textNode(shown);
    }

    /** Where the key ends that begins at a place of the text; -1 when none does. */
    private static int end(String key, String text, int from) {
        int at = from;
        for (int i = 0; i < key.length() && at >= 0; i++) {
            at = after(key.charAt(i), text, at);
        }
        return at;
    }

    /** The place after a character, however it is written; -1 when it is another one. Keys have characters of ASCII only. */
    private static int after(char wanted, String text, int at) {
        if (at >= text.length()) {
            return -1;
        }
        char first = text.charAt(at);
        if (first == '\\') {
            int escaped = at;
            // As often as the text was put into another.
            while (escaped < text.length() && text.charAt(escaped) == '\\') {
                escaped++;
            }
            if (text.startsWith("u", escaped) && text.regionMatches(true, escaped + 1, "00" + hex(wanted), 0, 4)) {
                return escaped + 5;
            }
            if (wanted == '\\') {
                return escaped;
            }
            return escaped < text.length() && text.charAt(escaped) == wanted ? escaped + 1 : -1;
        }
        if (first == wanted) {
            return at + 1;
        }
        return first == '%' && text.regionMatches(true, at + 1, hex(wanted), 0, 2) ? at + 3 : -1;
    }

    private static String hex(char ascii) {
        return "" + Character.forDigit(ascii >> 4, 16) + Character.forDigit(ascii & 0xf, 16);
    }
}
