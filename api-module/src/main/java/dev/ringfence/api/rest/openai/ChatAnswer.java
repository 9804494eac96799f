package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.ToolCalls;

/** A chat completion in one piece. */
final class ChatAnswer implements Answer {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Head head;
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final StringBuilder refusal = new StringBuilder();
    private final ToolCalls calls = new ToolCalls();
    private final ArrayNode logprobs = NODES.arrayNode();

    ChatAnswer(Head head) {
        this.head = head;
    }

    @Override
    public String heard(GenerationEvent event) {
        if (event instanceof Delta delta) {
            content.append(delta.text());
            reasoning.append(delta.reasoning());
            refusal.append(delta.refusal());
            calls.add(delta);
            delta.choice().path("logprobs").path("content").forEach(logprobs::add);
        }
        return "";
    }

    @Override
    public String ended(JsonNode result) {
        var answer = head.object("chat.completion");
        var choice = answer.putArray("choices").addObject().put("index", 0);
        choice.set("message", message());
        if (logprobs.isEmpty()) {
            choice.putNull("logprobs");
        } else {
            choice.putObject("logprobs").set("content", logprobs);
        }
        choice.set("finish_reason", result.path("finish_reason"));
        Frames.putUsage(answer, result);
        return answer.toString();
    }

    private ObjectNode message() {
        var message = NODES.objectNode().put("role", "assistant");
        if (content.isEmpty() && (!calls.isEmpty() || !refusal.isEmpty())) {
            message.putNull("content");
        } else {
            message.put("content", content.toString());
        }
        message.put("refusal", refusal.isEmpty() ? null : refusal.toString());
        if (!reasoning.isEmpty()) {
            message.put("reasoning_content", reasoning.toString());
        }
        if (!calls.isEmpty()) {
            var array = message.putArray("tool_calls");
            for (var call : calls.all()) {
                array.addObject()
                        .put("id", call.id())
                        .put("type", "function")
                        .putObject("function")
                        .put("name", call.name())
                        .put("arguments", call.arguments());
            }
        }
        return message;
    }
}
