package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;

/** A chat completion in chunks: the role first, one id throughout, the reason for its end, the counts if asked for. */
final class ChatStream implements StreamedAnswer {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Head head;
    private final boolean includeUsage;
    private boolean begun;

    ChatStream(Head head, boolean includeUsage) {
        this.head = head;
        this.includeUsage = includeUsage;
    }

    @Override
    public String heard(GenerationEvent event) {
        if (!(event instanceof Delta delta)) {
            return "";
        }
        var piece = (ObjectNode) delta.choice().path("delta");
        piece.remove("role");
        return begin() + chunk(piece, delta.choice().path("logprobs"), NODES.nullNode());
    }

    @Override
    public String ended(JsonNode result) {
        var end = begin() + chunk(NODES.objectNode(), NODES.nullNode(), result.path("finish_reason"));
        if (includeUsage && Frames.counted(result)) {
            var usage = head.object("chat.completion.chunk");
            usage.putArray("choices");
            Frames.putUsage(usage, result);
            end += Frames.data(usage);
        }
        return end + Frames.DONE;
    }

    private String begin() {
        if (begun) {
            return "";
        }
        begun = true;
        return chunk(
                NODES.objectNode().put("role", "assistant").put("content", ""), NODES.nullNode(), NODES.nullNode());
    }

    private String chunk(ObjectNode delta, JsonNode logprobs, JsonNode finishReason) {
        var chunk = head.object("chat.completion.chunk");
        var choice = chunk.putArray("choices").addObject().put("index", 0);
        choice.set("delta", delta);
        choice.set("logprobs", logprobs.isMissingNode() ? NODES.nullNode() : logprobs);
        choice.set("finish_reason", finishReason);
        if (includeUsage) {
            chunk.putNull("usage");
        }
        return Frames.data(chunk);
    }

    @Override
    public String failed(OpenAiError error) {
        return Frames.data(error.json());
    }
}
