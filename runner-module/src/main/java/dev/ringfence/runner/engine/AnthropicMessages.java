package dev.ringfence.runner.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;

/** A conversation and its tools, from OpenAI's form into Anthropic's. */
final class AnthropicMessages {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private AnthropicMessages() {}

    /** System messages stand apart there; results of tools are the user's. Neighbours of one role become one message. */
    static void put(JsonNode messages, ObjectNode body) {
        var system = NODES.arrayNode();
        var turns = NODES.arrayNode();
        for (var message : messages) {
            switch (message.path("role").asText()) {
                case "system", "developer" -> addText(message.path("content"), system);
                case "assistant" -> {
                    var content = content(turns, "assistant");
                    addText(message.path("content"), content);
                    message.path("tool_calls").forEach(call -> content.add(toolUse(call)));
                }
                case "tool" -> {
                    var result = content(turns, "user")
                            .addObject()
                            .put("type", "tool_result")
                            .put("tool_use_id", message.path("tool_call_id").asText());
                    addText(message.path("content"), result.putArray("content"));
                }
                default -> addText(message.path("content"), content(turns, "user"));
            }
        }
        if (!system.isEmpty()) {
            body.set("system", system);
        }
        body.set("messages", turns);
    }

    private static ArrayNode content(ArrayNode turns, String role) {
        if (turns.path(turns.size() - 1) instanceof ObjectNode last
                && last.path("role").asText().equals(role)) {
            return (ArrayNode) last.path("content");
        }
        return turns.addObject().put("role", role).putArray("content");
    }

    private static void addText(JsonNode content, ArrayNode blocks) {
        if (content.isTextual() && !content.textValue().isEmpty()) {
            blocks.addObject().put("type", "text").put("text", content.textValue());
        }
        if (content.isArray()) {
            for (var part : content) {
                if (!part.path("text").isTextual()) {
                    throw new InvalidRequest("content of the type "
                            + part.path("type").asText() + " is not passed on to models of Anthropic; text is");
                }
                addText(part.path("text"), blocks);
            }
        }
    }

    private static ObjectNode toolUse(JsonNode call) {
        var use = NODES.objectNode()
                .put("type", "tool_use")
                .put("id", call.path("id").asText())
                .put("name", call.path("function").path("name").asText());
        use.set("input", input(call));
        return use;
    }

    /** A call without arguments may have an empty text for them; there it is an object always. */
    private static JsonNode input(JsonNode call) {
        var arguments = call.path("function").path("arguments").asText("");
        try {
            var input = arguments.isBlank() ? NODES.objectNode() : JSON.readTree(arguments);
            if (input.isObject()) {
                return input;
            }
        } catch (JsonProcessingException e) {
            // Refused as what is JSON and no object.
        }
        throw new InvalidRequest(
                "messages",
                "the arguments of the call " + call.path("id").asText()
                        + " are no JSON object, which models of Anthropic need");
    }

    static void putTools(ObjectNode asked, ObjectNode body) {
        if (!asked.path("tools").isEmpty()) {
            var tools = body.putArray("tools");
            for (var tool : asked.path("tools")) {
                var function = tool.path("function");
                var made = tools.addObject().put("name", function.path("name").asText());
                if (function.has("description")) {
                    made.set("description", function.path("description"));
                }
                made.set(
                        "input_schema",
                        function.path("parameters").isObject()
                                ? function.path("parameters")
                                : NODES.objectNode().put("type", "object"));
            }
        }
        var choice = asked.path("tool_choice");
        if (choice.isObject()) {
            body.putObject("tool_choice")
                    .put("type", "tool")
                    .put("name", choice.path("function").path("name").asText());
        } else if (choice.isTextual()) {
            body.putObject("tool_choice")
                    .put(
                            "type",
                            switch (choice.textValue()) {
                                case "required" -> "any";
                                case "none" -> "none";
                                default -> "auto";
                            });
        }
        if (body.has("tools")
                && !asked.path("parallel_tool_calls").asBoolean(true)
                && !choice.asText().equals("none")) {
            var made = body.withObject("tool_choice");
            if (!made.has("type")) {
                made.put("type", "auto");
            }
            made.put("disable_parallel_tool_use", true);
        }
    }
}
