package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import java.util.List;

/** A completion of a text, in one piece or in chunks. */
final class CompletionAnswer implements Answer {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private static final List<String> OWN_FORM = List.of("tokens", "token_logprobs", "top_logprobs", "text_offset");

    private final Head head;
    private final boolean stream;
    private final boolean includeUsage;
    private final StringBuilder text = new StringBuilder();
    private ObjectNode logprobs = none();

    CompletionAnswer(Head head, boolean stream, boolean includeUsage) {
        this.head = head;
        this.stream = stream;
        this.includeUsage = includeUsage;
    }

    @Override
    public String heard(GenerationEvent event) {
        if (!(event instanceof Delta delta)) {
            return "";
        }
        addLogprobs(delta.choice().path("logprobs"));
        text.append(delta.text());
        if (!stream) {
            return "";
        }
        var chunk = chunk(delta.text(), NODES.nullNode());
        logprobs = none();
        return chunk;
    }

    private static ObjectNode none() {
        var logprobs = NODES.objectNode();
        OWN_FORM.forEach(logprobs::putArray);
        return logprobs;
    }

    /** llama.cpp gives them as chats have them, others in this operation's own form. */
    private void addLogprobs(JsonNode given) {
        given.path("content").forEach(this::add);
        if (given.path("tokens").isArray()) {
            OWN_FORM.forEach(name -> given.path(name).forEach(logprobs.withArray(name)::add));
        }
    }

    private void add(JsonNode token) {
        logprobs.withArray("tokens").add(token.path("token"));
        logprobs.withArray("token_logprobs").add(token.path("logprob"));
        logprobs.withArray("text_offset").add(text.length());
        var top = NODES.objectNode();
        token.path("top_logprobs").forEach(other -> top.set(other.path("token").asText(), other.path("logprob")));
        logprobs.withArray("top_logprobs").add(top);
    }

    @Override
    public String ended(JsonNode result) {
        if (stream) {
            var end = chunk("", result.path("finish_reason"));
            if (includeUsage && Frames.counted(result)) {
                var usage = head.object("text_completion");
                usage.putArray("choices");
                Frames.putUsage(usage, result);
                end += Frames.data(usage);
            }
            return end + Frames.DONE;
        }
        var answer = head.object("text_completion");
        answer.putArray("choices").add(choice(text.toString(), result.path("finish_reason")));
        Frames.putUsage(answer, result);
        return answer.toString();
    }

    private String chunk(String piece, JsonNode finishReason) {
        var chunk = head.object("text_completion");
        chunk.putArray("choices").add(choice(piece, finishReason));
        if (includeUsage) {
            chunk.putNull("usage");
        }
        return Frames.data(chunk);
    }

    private ObjectNode choice(String piece, JsonNode finishReason) {
        var choice = NODES.objectNode().put("text", piece).put("index", 0);
        choice.set("logprobs", logprobs.path("tokens").isEmpty() ? NODES.nullNode() : logprobs);
        choice.set("finish_reason", finishReason);
        return choice;
    }

    @Override
    public String failed(OpenAiError error) {
        return Frames.data(error.json());
    }

    @Override
    public String mediaType() {
        return stream ? Frames.EVENT_STREAM : Frames.JSON;
    }
}
