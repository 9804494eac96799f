package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.util.List;
import java.util.Locale;

/**
 * The form in which an answer is passed on: what {@link GenerationEvent} names and the request asked for, each as what it
 * has to be. What else is beside it stays behind, so that nobody has to hold it, or to cope with it. Pure.
 *
 * @param who answers, for messages
 * @param probabilities whether those of tokens were asked for
 */
record AnswerForm(String who, Operation operation, boolean probabilities) {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String LOGPROBS = "logprobs";
    private static final String CONTENT = "content";
    private static final String REASONING = "reasoning_content";
    private static final List<String> TEXTS = List.of(CONTENT, REASONING, "refusal");

    /** In a chat's form, and in that of a continued text. */
    private static final List<String> PROBABILITIES =
            List.of(CONTENT, "refusal", "tokens", "token_logprobs", "top_logprobs", "text_offset");

    static AnswerForm of(String who, GenerationRequest request) {
        var asked = request.body().path(LOGPROBS);
        return new AnswerForm(who, request.operation(), asked.asBoolean() || asked.isNumber());
    }

    /**
     * A chunk's choice; there may be nothing in it.
     *
     * @throws Misbehaved when something in it is not what it has to be
     */
    Delta delta(JsonNode choice) {
        var kept = NODES.objectNode().put("index", 0);
        if (operation == Operation.CHAT) {
            kept.set("delta", message(choice));
        } else {
            putText(choice, "text", kept);
            requireNone(choice, "delta");
        }
        if (probabilities && choice.path(LOGPROBS) instanceof ObjectNode given) {
            kept.set(LOGPROBS, logprobs(given));
        }
        return new Delta(kept);
    }

    private ObjectNode message(JsonNode choice) {
        var kept = NODES.objectNode();
        var delta = choice.path("delta");
        if (isNothing(delta)) {
            requireNone(choice, "text");
            requireNone(choice, "message");
            return kept;
        }
        if (!delta.isObject()) {
            throw odd("delta", delta);
        }
        var parts = delta.path(CONTENT);
        TEXTS.stream()
                .filter(name -> !(parts.isArray() && name.equals(CONTENT)))
                .forEach(name -> putText(delta, name, kept));
        if (parts.isArray()) {
            putParts(parts, kept);
        }
        var calls = delta.path("tool_calls");
        if (!isNothing(calls)) {
            if (!calls.isArray()) {
                throw odd("tool_calls", calls);
            }
            var keptCalls = kept.putArray("tool_calls");
            calls.forEach(call -> keptCalls.add(call(call)));
        }
        return kept;
    }

    /** Mistral's models that reason give a list of texts and of thoughts, which are lists of texts. */
    private void putParts(JsonNode parts, ObjectNode kept) {
        var text = new StringBuilder();
        var thought = new StringBuilder(kept.path(REASONING).asText(""));
        for (var part : parts) {
            boolean thinks = part.path("type").asText().equals("thinking");
            if (thinks && part.path("thinking").isArray()) {
                part.path("thinking").forEach(piece -> thought.append(part(piece, "text")));
            } else if (thinks) {
                thought.append(part(part, "thinking"));
            } else {
                text.append(part(part, "text"));
            }
        }
        put(kept, CONTENT, text);
        put(kept, REASONING, thought);
    }

    private String part(JsonNode part, String type) {
        var text = part.path(type);
        if (!part.path("type").asText().equals(type) || !text.isTextual()) {
            throw odd(CONTENT, part);
        }
        return text.textValue();
    }

    private static void put(ObjectNode kept, String name, StringBuilder text) {
        if (!text.isEmpty()) {
            kept.put(name, text.toString());
        }
    }

    private ObjectNode call(JsonNode given) {
        var kept = NODES.objectNode();
        var function = given.path("function");
        if (!given.isObject()) {
            throw odd("tool_calls", given);
        }
        if (given.path("index").isIntegralNumber()) {
            kept.put("index", given.path("index").asInt());
        }
        putName(given, "id", kept);
        putName(given, "type", kept);
        if (isNothing(function)) {
            return kept;
        }
        if (!function.isObject()) {
            throw odd("function", function);
        }
        var keptFunction = kept.putObject("function");
        putName(function, "name", keptFunction);
        var arguments = function.path("arguments");
        if (!isNothing(arguments)) {
            // Some services give the arguments themselves and not their text.
            keptFunction.put("arguments", arguments.isTextual() ? arguments.textValue() : arguments.toString());
        }
        return kept;
    }

    private ObjectNode logprobs(ObjectNode given) {
        var kept = NODES.objectNode();
        for (var name : PROBABILITIES) {
            if (given.path(name) instanceof ArrayNode tokens) {
                kept.set(name, tokens);
            }
        }
        for (var token : kept.path(CONTENT)) {
            if (!token.isObject()) {
                throw odd(LOGPROBS, token);
            }
        }
        return kept;
    }

    private void putText(JsonNode given, String name, ObjectNode kept) {
        var text = given.path(name);
        if (text.isTextual()) {
            kept.set(name, text);
        } else if (!isNothing(text)) {
            throw odd(name, text);
        }
    }

    /** A name that some give as a number. */
    private static void putName(JsonNode given, String name, ObjectNode kept) {
        var text = given.path(name);
        if (text.isValueNode() && !text.isNull()) {
            kept.put(name, text.asText());
        }
    }

    private void requireNone(JsonNode choice, String name) {
        var other = choice.path(name);
        boolean empty = other.isTextual() ? other.textValue().isEmpty() : other.isContainerNode() && other.isEmpty();
        if (!isNothing(other) && !empty) {
            throw new Misbehaved(who + " answers with a " + name + " where the answer to a "
                    + operation.name().toLowerCase(Locale.ROOT) + " has none");
        }
    }

    private static boolean isNothing(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    private Misbehaved odd(String name, JsonNode given) {
        return new Misbehaved(who + " answers with a " + name + " that is of the type "
                + given.getNodeType().name().toLowerCase(Locale.ROOT));
    }
}
