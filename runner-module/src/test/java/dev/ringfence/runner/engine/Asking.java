package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.time.Duration;
import java.util.function.Consumer;

/** Asks models simple things. */
final class Asking {
    static final Duration LIMIT = Duration.ofMinutes(2);

    private Asking() {}

    /** Always the likeliest tokens, 400 at most. */
    static GenerationRequest atZero(String prompt) {
        return atZero(prompt, "tester");
    }

    static GenerationRequest atZero(String prompt, String agent) {
        var body = JsonNodeFactory.instance.objectNode().put("temperature", 0).put("max_tokens", 400);
        body.putArray("messages").addObject().put("role", "user").put("content", prompt);
        return new GenerationRequest(Operation.CHAT, body, agent);
    }

    static Generation ask(LlamaServerPool pool, LocalModel model, String prompt, Consumer<String> listener) {
        return ask(pool, model, atZero(prompt), LIMIT, listener);
    }

    /** @param listener hears the pieces of text only */
    static Generation ask(
            LlamaServerPool pool,
            LocalModel model,
            GenerationRequest request,
            Duration limit,
            Consumer<String> listener) {
        return pool.serve(model).generate(request, limit, event -> {
            if (event instanceof Delta delta && !delta.text().isEmpty()) {
                listener.accept(delta.text());
            }
        });
    }
}
