package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Calls of functions for models whose chat template knows of none, and calls that must be made for all models: the
 * engine itself holds a model to {@code tool_choice} with no template at all. The functions are told in the system
 * message, and the answer is held by a grammar to
 *
 * <pre>
 * {"tool_calls": [{"name": "…", "arguments": {…}}, …]}     or, when the model may choose,     {"content": "…"}
 * </pre>
 *
 * which {@link ToolCallReader} turns into what a client expects.
 */
final class ToolGrammar {
    private static final int MOST_CALLS = 8;
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private ToolGrammar() {}

    /** Whether it matters for a request what the chat template knows. */
    static boolean concerns(GenerationRequest request) {
        var body = request.body();
        if (!body.path("tools").isEmpty()) {
            return true;
        }
        for (var message : body.path("messages")) {
            if (!message.path("tool_calls").isEmpty()
                    || message.path("role").asText().equals("tool")) {
                return true;
            }
        }
        return false;
    }

    /** Whether a request's calls are to be made this way. */
    static boolean appliesTo(ObjectNode body, boolean templateKnowsTools) {
        if (body.path("tools").isEmpty() || choice(body).equals("none")) {
            return false;
        }
        return !templateKnowsTools || !choice(body).equals("auto");
    }

    /** Changes a copy of a request's body so that the engine holds the model to the calls. */
    static void apply(ObjectNode body, boolean templateKnowsTools) {
        var tools = (ArrayNode) body.path("tools");
        var schema = schema(body, tools);
        var messages = templateKnowsTools
                ? ((ArrayNode) body.path("messages")).deepCopy()
                : asTexts((ArrayNode) body.path("messages"));
        instruct(messages, instruction(tools, choice(body).equals("auto")));
        body.set("messages", messages);
        // The reader ends the content, as a stop text would end the JSON around it.
        body.remove(List.of("tools", "tool_choice", "parallel_tool_calls", "stop"));
        body.putObject("response_format")
                .put("type", "json_schema")
                .putObject("json_schema")
                .set("schema", schema);
    }

    /** Takes away what has no effect: a model that must not call needs not know what it could. */
    static void withoutCalls(ObjectNode body, boolean templateKnowsTools) {
        body.remove(List.of("tools", "tool_choice", "parallel_tool_calls"));
        if (!templateKnowsTools) {
            body.set("messages", asTexts((ArrayNode) body.path("messages")));
        }
    }

    private static String choice(ObjectNode body) {
        var choice = body.path("tool_choice");
        return choice.isObject() ? "function" : choice.asText("auto");
    }

    private static ObjectNode schema(ObjectNode body, ArrayNode tools) {
        var definitions = JSON.objectNode();
        var calls = new ArrayList<ObjectNode>();
        var only = body.path("tool_choice").path("function").path("name").asText("");
        for (var tool : tools) {
            var function = tool.path("function");
            if (only.isEmpty() || function.path("name").asText().equals(only)) {
                calls.add(call(function, definitions));
            }
        }
        boolean several = only.isEmpty() && body.path("parallel_tool_calls").asBoolean(true);
        var list = JSON.objectNode().put("type", "array").put("minItems", 1).put("maxItems", several ? MOST_CALLS : 1);
        list.set("items", either(calls));
        var called = object("tool_calls", list);
        var schema = choice(body).equals("auto")
                ? either(List.of(called, object("content", within(content(body), definitions))))
                : called;
        if (!definitions.isEmpty()) {
            schema.set("$defs", definitions);
        }
        return schema;
    }

    private static ObjectNode call(JsonNode function, ObjectNode definitions) {
        var call = JSON.objectNode().put("type", "object");
        var properties = call.putObject("properties");
        properties.putObject("name").put("const", function.path("name").asText());
        properties.set("arguments", within(function.path("parameters"), definitions));
        call.putArray("required").add("name").add("arguments");
        return call.put("additionalProperties", false);
    }

    /** A schema that is no document of its own any more. Its definitions have names of their own in the request. */
    private static JsonNode within(JsonNode schema, ObjectNode definitions) {
        if (!(schema.path("$defs") instanceof ObjectNode own)) {
            return schema;
        }
        definitions.setAll(own);
        var copy = JSON.objectNode();
        copy.setAll((ObjectNode) schema);
        return copy.without("$defs");
    }

    private static JsonNode content(ObjectNode body) {
        var format = body.path("response_format");
        return switch (format.path("type").asText()) {
            case "json_schema" -> format.path("json_schema").path("schema");
            case "json_object" -> JSON.objectNode().put("type", "object");
            default -> JSON.objectNode().put("type", "string");
        };
    }

    private static ObjectNode object(String property, JsonNode value) {
        var object = JSON.objectNode().put("type", "object");
        object.putObject("properties").set(property, value);
        object.putArray("required").add(property);
        return object.put("additionalProperties", false);
    }

    private static ObjectNode either(List<ObjectNode> schemas) {
        if (schemas.size() == 1) {
            return schemas.getFirst();
        }
        var either = JSON.objectNode();
        var array = either.putArray("anyOf");
        schemas.forEach(array::add);
        return either;
    }

    private static String instruction(ArrayNode tools, boolean mayChoose) {
        var text = new StringBuilder("You can call these functions:\n");
        tools.forEach(tool -> text.append(tool.path("function")).append('\n'));
        text.append("Call with {\"tool_calls\":[{\"name\":…,\"arguments\":{…}}]}");
        return text.append(mayChoose ? ", or answer with {\"content\":…}." : ".")
                .toString();
    }

    private static void instruct(ArrayNode messages, String instruction) {
        if (messages.path(0) instanceof ObjectNode first
                && first.path("role").asText().equals("system")) {
            first.put("content", first.path("content").asText() + "\n\n" + instruction);
        } else {
            messages.insertObject(0).put("role", "system").put("content", instruction);
        }
    }

    /** Earlier calls and their results, for a template that would leave them out. */
    private static ArrayNode asTexts(ArrayNode messages) {
        var texts = JSON.arrayNode();
        var names = new HashMap<String, String>();
        for (var message : messages) {
            var text = ((ObjectNode) message).deepCopy();
            if (!message.path("tool_calls").isEmpty()) {
                text.remove("tool_calls");
                text.put("content", calls(message.path("tool_calls"), names));
            } else if (message.path("role").asText().equals("tool")) {
                var name = names.getOrDefault(message.path("tool_call_id").asText(), "the function");
                text = JSON.objectNode()
                        .put("role", "user")
                        .put(
                                "content",
                                "Result of " + name + ": "
                                        + message.path("content").asText());
            }
            texts.add(text);
        }
        return texts;
    }

    private static String calls(JsonNode calls, Map<String, String> names) {
        var text = new StringBuilder("{\"tool_calls\":[");
        for (int i = 0; i < calls.size(); i++) {
            var function = calls.get(i).path("function");
            names.put(calls.get(i).path("id").asText(), function.path("name").asText());
            text.append(i == 0 ? "" : ",")
                    .append("{\"name\":")
                    .append(function.path("name"))
                    .append(",\"arguments\":")
                    .append(function.path("arguments").asText())
                    .append('}');
        }
        return text.append("]}").toString();
    }
}
