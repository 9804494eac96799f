package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** A chat's messages. Contents in parts become one text, since most models' templates know texts only. */
final class Messages {
    private static final int MOST = 4096;

    private Messages() {}

    static void read(@Nullable ArrayNode messages, ArrayNode target) {
        if (messages == null) {
            throw InvalidParameter.missing("messages", "an array of messages");
        }
        if (messages.isEmpty() || messages.size() > MOST) {
            throw InvalidParameter.value("messages", "an array of 1 to " + MOST + " messages", messages);
        }
        for (int i = 0; i < messages.size(); i++) {
            var place = "messages[" + i + "]";
            if (!(messages.get(i) instanceof ObjectNode message)) {
                throw InvalidParameter.type(place, "an object", messages.get(i));
            }
            read(message, place, target.addObject());
        }
    }

    private static void read(ObjectNode message, String place, ObjectNode target) {
        var role = message.path("role");
        switch (role.asText()) {
            case "system", "developer" ->
                target.put("role", "system").put("content", content(message.get("content"), place));
            case "user" -> target.put("role", "user").put("content", content(message.get("content"), place));
            case "assistant" -> assistant(message, place, target);
            case "tool" -> {
                if (!message.path("tool_call_id").isTextual()) {
                    throw InvalidParameter.missing(place + ".tool_call_id", "the id of the call that this answers");
                }
                target.put("role", "tool")
                        .put("content", content(message.get("content"), place))
                        .set("tool_call_id", message.get("tool_call_id"));
            }
            default ->
                throw InvalidParameter.value(place + ".role", "system, developer, user, assistant or tool", role);
        }
        if (message.path("name").isTextual()) {
            target.set("name", message.get("name"));
        }
    }

    private static void assistant(ObjectNode message, String place, ObjectNode target) {
        target.put("role", "assistant");
        var calls = message.path("tool_calls");
        boolean silent = message.path("content").isMissingNode()
                || message.path("content").isNull();
        if (silent && message.path("refusal").isTextual()) {
            target.set("content", message.get("refusal"));
        } else {
            target.put("content", silent && !calls.isEmpty() ? "" : content(message.get("content"), place));
        }
        if (calls.isEmpty()) {
            return;
        }
        var copies = target.putArray("tool_calls");
        for (int i = 0; i < calls.size(); i++) {
            var function = calls.get(i).path("function");
            if (!function.path("name").isTextual()
                    || !function.path("arguments").isTextual()
                    || !calls.get(i).path("id").isTextual()) {
                throw InvalidParameter.value(
                        place + ".tool_calls[" + i + "]",
                        "a call of a function, with an id, a name and arguments as text",
                        calls.get(i));
            }
            copies.addObject()
                    .put("type", "function")
                    .put("id", calls.get(i).path("id").asText())
                    .putObject("function")
                    .put("name", function.path("name").asText())
                    .put("arguments", function.path("arguments").asText());
        }
    }

    private static String content(@Nullable JsonNode content, String place) {
        var where = place + ".content";
        if (content == null || content.isNull()) {
            throw InvalidParameter.missing(where, "a text or an array of parts");
        }
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw InvalidParameter.type(where, "a text or an array of parts", content);
        }
        var text = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            text.append(part(content.get(i), where + "[" + i + "]"));
        }
        return text.toString();
    }

    private static String part(JsonNode part, String place) {
        var type = part.path("type").asText();
        var text = part.path(type.equals("refusal") ? "refusal" : "text");
        return switch (type) {
            case "text", "refusal" -> {
                if (!text.isTextual()) {
                    throw InvalidParameter.type(place + ".text", "a text", text);
                }
                yield text.textValue();
            }
            case "image_url", "input_audio", "file" ->
                throw InvalidParameter.unsupported(
                        place + ".type",
                        "parts of the type " + type + " are not supported; models here read text only.");
            default -> throw InvalidParameter.value(place + ".type", "text", part.path("type"));
        };
    }
}
