package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import java.util.List;

/** The one choice of a text's completion: its text so far, and what is known of its tokens. Not for several threads. */
final class CompletionChoice {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private static final List<String> OWN_FORM = List.of("tokens", "token_logprobs", "top_logprobs", "text_offset");

    private final StringBuilder text = new StringBuilder();
    private ObjectNode logprobs = none();

    private static ObjectNode none() {
        var logprobs = NODES.objectNode();
        OWN_FORM.forEach(logprobs::putArray);
        return logprobs;
    }

    void add(Delta delta) {
        addLogprobs(delta.choice().path("logprobs"));
        text.append(delta.text());
    }

    /** All of it. */
    ObjectNode whole(JsonNode finishReason) {
        return json(text.toString(), finishReason);
    }

    /** A piece of the text, with what was learnt of its tokens since the last one. */
    ObjectNode piece(String piece, JsonNode finishReason) {
        var choice = json(piece, finishReason);
        logprobs = none();
        return choice;
    }

    private ObjectNode json(String piece, JsonNode finishReason) {
        var choice = NODES.objectNode().put("text", piece).put("index", 0);
        choice.set("logprobs", logprobs.path("tokens").isEmpty() ? NODES.nullNode() : logprobs);
        choice.set("finish_reason", finishReason);
        return choice;
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
}
