package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request of {@code POST /v1/responses} as a chat completion.
 *
 * @param chat the body of the chat completion that it comes to
 * @param request the same, checked
 * @param echo what the answer repeats of the request
 * @param ignored parameters that have no effect here, by name
 */
public record ResponsesRequest(
        ObjectNode chat, ModelRequest request, ObjectNode echo, boolean stream, List<String> ignored) {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /** A message of the chat, and what in it is wrong. */
    private static final Pattern MESSAGE = Pattern.compile("messages\\[([0-9]+)](.*)");

    private static final List<String> SAME = List.of(
            "model",
            "temperature",
            "top_p",
            "presence_penalty",
            "frequency_penalty",
            "parallel_tool_calls",
            "seed",
            "stop",
            "logit_bias",
            "top_k",
            "min_p",
            "typical_p",
            "repeat_penalty",
            "n",
            "best_of",
            "user",
            "safety_identifier",
            "prompt_cache_key",
            "service_tier");

    /**
     * Checks a request.
     *
     * @throws InvalidParameter when it asks for what cannot be had
     */
    public static ResponsesRequest of(ObjectNode request) {
        var parameters = new Parameters(request);
        parameters.requiredText("model", "the id of a model; GET /v1/models lists them");
        refuseState(parameters);
        var chat = JSON.objectNode();
        SAME.forEach(name -> copy(parameters.get(name), name, chat));
        var messages = chat.putArray("messages");
        var places = new ArrayList<String>();
        var instructions = parameters.get("instructions");
        if (instructions != null) {
            if (!instructions.isTextual()) {
                throw InvalidParameter.type("instructions", "a text", instructions);
            }
            messages.addObject().put("role", "system").set("content", instructions);
            places.add("instructions");
        }
        input(parameters.get("input"), messages, places);
        copy(parameters.get("max_output_tokens"), "max_completion_tokens", chat);
        format(parameters.object("text"), chat);
        var passedOver = new ArrayList<String>();
        part(parameters.object("reasoning"), "reasoning", Map.of("effort", "reasoning_effort"), chat, passedOver);
        part(parameters.object("text"), "text", Map.of("verbosity", "verbosity", "format", ""), chat, passedOver);
        tools(parameters, chat);
        // Only repeated.
        var _ = parameters.object("metadata");
        boolean stream = parameters.flag("stream", false);
        var checked = checked(chat, places);
        passedOver.addAll(parameters.unread());
        // The type of a format or a function stands beside its other parts there.
        checked.ignored().stream()
                .filter(name -> !name.endsWith(".type"))
                .map(ResponsesRequest::param)
                .forEach(passedOver::add);
        return new ResponsesRequest(chat, checked, echo(request), stream, passedOver);
    }

    /** Copies what a chat has by another name; an empty one is read elsewhere. */
    private static void part(
            @Nullable ObjectNode part,
            String place,
            Map<String, String> names,
            ObjectNode chat,
            List<String> passedOver) {
        if (part == null) {
            return;
        }
        for (var field : part.properties()) {
            var name = names.get(field.getKey());
            if (name == null && !field.getValue().isNull()) {
                passedOver.add(place + "." + field.getKey());
            } else if (name != null && !name.isEmpty()) {
                chat.set(name, field.getValue());
            }
        }
    }

    private static ModelRequest checked(ObjectNode chat, List<String> places) {
        try {
            return ModelRequest.of(Operation.CHAT, chat);
        } catch (InvalidParameter e) {
            var message = MESSAGE.matcher(e.param());
            throw e.named(
                    message.matches()
                            ? places.get(Integer.parseInt(message.group(1))) + message.group(2)
                            : param(e.param()));
        }
    }

    /** What a client of this address calls a parameter of the chat that its request comes to. */
    public static String param(String chats) {
        return switch (chats) {
            case "messages" -> "input";
            case "max_tokens", "max_completion_tokens" -> "max_output_tokens";
            case "reasoning_effort" -> "reasoning.effort";
            case "verbosity" -> "text.verbosity";
            default ->
                chats.startsWith("tool")
                        ? chats.replace(".function", "")
                        : chats.replace("response_format.json_schema", "text.format")
                                .replace("response_format", "text.format");
        };
    }

    /** Nothing is kept for later requests: each has to bring the whole conversation. */
    private static void refuseState(Parameters parameters) {
        var whole = "answers are not kept for later requests here; send the whole conversation as \"input\".";
        parameters.refuse("previous_response_id", whole);
        parameters.refuse("conversation", whole);
        parameters.only("store", "false", whole);
        parameters.refuse("prompt", "prompt templates are not kept here; send the text as \"input\".");
        parameters.only(
                "background",
                "false",
                "submit a job to POST /api/v1/jobs instead, with the capability ChatCompletion.");
        parameters.only("truncation", "disabled", "a conversation that does not fit is refused here, not shortened.");
    }

    private static void copy(@Nullable JsonNode value, String name, ObjectNode target) {
        if (value != null) {
            target.set(name, value);
        }
    }

    private static void input(@Nullable JsonNode input, ArrayNode messages, List<String> places) {
        if (input == null) {
            throw InvalidParameter.missing("input", "a text or an array of items");
        }
        if (input.isTextual()) {
            messages.addObject().put("role", "user").set("content", input);
            places.add("input");
            return;
        }
        if (!input.isArray()) {
            throw InvalidParameter.type("input", "a text or an array of items", input);
        }
        if (input.isEmpty()) {
            throw InvalidParameter.empty("input", "a text or at least one item");
        }
        for (int i = 0; i < input.size(); i++) {
            var place = "input[" + i + "]";
            item(input.get(i), place, messages);
            if (messages.size() > places.size()) {
                places.add(place);
            }
        }
    }

    private static void item(JsonNode item, String place, ArrayNode messages) {
        switch (item.path("type").asText("message")) {
            case "message" ->
                messages.addObject()
                        .put("role", item.path("role").asText())
                        .set("content", content(item.path("content"), place + ".content"));
            case "function_call" -> {
                requireText(item, "call_id", place);
                requireText(item, "name", place);
                requireText(item, "arguments", place);
                // Calls that were made together belong to one message.
                var last = messages.path(messages.size() - 1);
                var message = last.path("role").asText().equals("assistant")
                        ? (ObjectNode) last
                        : messages.addObject().put("role", "assistant").putNull("content");
                message.withArray("tool_calls")
                        .addObject()
                        .put("type", "function")
                        .put("id", item.path("call_id").asText())
                        .putObject("function")
                        .put("name", item.path("name").asText())
                        .put("arguments", item.path("arguments").asText());
            }
            case "function_call_output" -> {
                requireText(item, "call_id", place);
                var output = item.path("output");
                messages.addObject()
                        .put("role", "tool")
                        .put("tool_call_id", item.path("call_id").asText())
                        .set("content", output.isArray() ? content(output, place + ".output") : output);
            }
            case "reasoning" -> {
                // What a model thought earlier is not shown to it again.
            }
            case "item_reference" ->
                throw InvalidParameter.unsupported(
                        place + ".type",
                        "answers are not kept for later requests here; send the items themselves (clients do so with"
                                + " \"store\": false).");
            default ->
                throw InvalidParameter.unsupported(
                        place + ".type",
                        "items of the type " + item.path("type").asText()
                                + " are not supported; there are message, function_call, function_call_output and"
                                + " reasoning.");
        }
    }

    private static void requireText(JsonNode item, String name, String place) {
        if (!item.path(name).isTextual()) {
            throw InvalidParameter.missing(place + "." + name, "a text");
        }
    }

    private static JsonNode content(JsonNode content, String place) {
        if (!content.isArray()) {
            return content;
        }
        var parts = JSON.arrayNode();
        for (int i = 0; i < content.size(); i++) {
            var part = content.get(i);
            switch (part.path("type").asText()) {
                case "input_text", "output_text", "text" ->
                    parts.addObject().put("type", "text").set("text", part.path("text"));
                case "refusal" -> parts.add(part);
                default ->
                    throw InvalidParameter.unsupported(
                            place + "[" + i + "].type",
                            "parts of the type " + part.path("type").asText()
                                    + " are not supported; models here read text only.");
            }
        }
        return parts;
    }

    private static void format(@Nullable ObjectNode text, ObjectNode chat) {
        var format = text == null ? JSON.missingNode() : text.path("format");
        if (format.path("type").asText().equals("json_schema")) {
            var wrapped = JSON.objectNode().put("type", "json_schema");
            wrapped.set("json_schema", format);
            chat.set("response_format", wrapped);
        } else if (format.isObject()) {
            chat.set("response_format", format);
        }
    }

    private static void tools(Parameters parameters, ObjectNode chat) {
        var tools = parameters.array("tools");
        if (tools != null) {
            var wrapped = chat.putArray("tools");
            for (var tool : tools) {
                wrapped.addObject().put("type", tool.path("type").asText()).set("function", tool);
            }
        }
        var choice = parameters.get("tool_choice");
        if (choice != null && choice.isObject()) {
            var wrapped = JSON.objectNode().put("type", choice.path("type").asText());
            wrapped.putObject("function").set("name", choice.path("name"));
            chat.set("tool_choice", wrapped);
        } else if (choice != null) {
            chat.set("tool_choice", choice);
        }
    }

    private static ObjectNode echo(ObjectNode request) {
        var echo = JSON.objectNode();
        repeat(request, "instructions", JSON.nullNode(), echo);
        repeat(request, "max_output_tokens", JSON.nullNode(), echo);
        repeat(request, "metadata", JSON.objectNode(), echo);
        repeat(request, "parallel_tool_calls", JSON.booleanNode(true), echo);
        repeat(request, "temperature", JSON.nullNode(), echo);
        repeat(request, "top_p", JSON.nullNode(), echo);
        repeat(request, "tools", JSON.arrayNode(), echo);
        repeat(request, "tool_choice", JSON.textNode("auto"), echo);
        var plain = JSON.objectNode();
        plain.putObject("format").put("type", "text");
        repeat(request, "text", plain, echo);
        return echo.put("truncation", "disabled").put("store", false).putNull("previous_response_id");
    }

    private static void repeat(ObjectNode request, String name, JsonNode otherwise, ObjectNode echo) {
        echo.set(name, request.hasNonNull(name) ? request.get(name) : otherwise);
    }
}
