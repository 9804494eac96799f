package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The functions that a model may call, and whether it must. */
final class ToolParameters {
    private static final int MOST = 128;
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,64}");

    private ToolParameters() {}

    static void read(Parameters parameters, ObjectNode body) {
        var tools = parameters.array("tools");
        var choice = parameters.get("tool_choice");
        boolean parallel = parameters.flag("parallel_tool_calls", true);
        if (tools == null || tools.isEmpty()) {
            if (choice != null
                    && !choice.asText().equals("none")
                    && !choice.asText().equals("auto")) {
                throw InvalidParameter.unsupported("tool_choice", "it is allowed with \"tools\" only.");
            }
            return;
        }
        if (tools.size() > MOST) {
            throw InvalidParameter.value("tools", "an array of at most " + MOST + " tools", tools);
        }
        Parameters.bounded("tools", tools);
        var names = new LinkedHashSet<String>();
        var copies = body.putArray("tools");
        for (int i = 0; i < tools.size(); i++) {
            var place = "tools[" + i + "]";
            tool(tools.get(i), place, names, copies);
            parameters.onlyWithin(tools.get(i), place, Set.of("type", "function"));
            parameters.onlyWithin(
                    tools.get(i).path("function"),
                    place + ".function",
                    Set.of("name", "description", "strict", "parameters"));
        }
        body.set("tool_choice", choice(choice, names, body));
        if (choice != null) {
            parameters.onlyWithin(choice, "tool_choice", Set.of("type", "function"));
            parameters.onlyWithin(choice.path("function"), "tool_choice.function", Set.of("name"));
        }
        body.put("parallel_tool_calls", parallel);
    }

    private static void tool(JsonNode tool, String place, Set<String> names, ArrayNode copies) {
        if (!tool.path("type").asText().equals("function")) {
            throw InvalidParameter.unsupported(place + ".type", "only tools of the type function are supported.");
        }
        var function = tool.path("function");
        var name = function.path("name");
        if (!name.isTextual() || !NAME.matcher(name.textValue()).matches()) {
            throw InvalidParameter.value(
                    place + ".function.name", "1 to 64 letters, digits, underscores and dashes", name);
        }
        if (!names.add(name.textValue())) {
            throw InvalidParameter.value(place + ".function.name", "a name that no other tool has", name);
        }
        var copy = copies.addObject().put("type", "function").putObject("function");
        copy.set("name", name);
        Parameters.copyText(function, "description", place + ".function", copy);
        Parameters.copyFlag(function, "strict", place + ".function", copy);
        var parameters = function.path("parameters");
        if (parameters.isMissingNode() || parameters.isNull() || (parameters.isObject() && parameters.isEmpty())) {
            copy.putObject("parameters").put("type", "object").putObject("properties");
        } else if (parameters.isObject()) {
            copy.set("parameters", parameters);
        } else {
            throw InvalidParameter.type(place + ".function.parameters", "a JSON Schema (an object)", parameters);
        }
    }

    private static JsonNode choice(@Nullable JsonNode choice, Set<String> names, ObjectNode factory) {
        if (choice == null) {
            return factory.textNode("auto");
        }
        if (choice.isTextual() && Set.of("auto", "none", "required").contains(choice.textValue())) {
            return choice;
        }
        var name = choice.path("function").path("name").asText();
        if (choice.path("type").asText().equals("allowed_tools")) {
            throw InvalidParameter.unsupported(
                    "tool_choice", "allowed_tools is not supported; send only those tools as \"tools\".");
        }
        if (!choice.path("type").asText().equals("function")) {
            throw InvalidParameter.value("tool_choice", "none, auto, required or a function", choice);
        }
        if (!names.contains(name)) {
            throw InvalidParameter.value("tool_choice.function.name", "one of " + names, name);
        }
        return choice;
    }
}
