package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;

/** A completion of a text in one piece. */
final class CompletionAnswer implements Answer {
    private final Head head;
    private final CompletionChoice choice = new CompletionChoice();

    CompletionAnswer(Head head) {
        this.head = head;
    }

    @Override
    public String heard(GenerationEvent event) {
        if (event instanceof Delta delta) {
            choice.add(delta);
        }
        return "";
    }

    @Override
    public String ended(JsonNode result) {
        var answer = head.object("text_completion");
        answer.putArray("choices").add(choice.whole(result.path("finish_reason")));
        Frames.putUsage(answer, result);
        return answer.toString();
    }
}
