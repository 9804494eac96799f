package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;

/** A completion of a text in chunks: the reason for its end, the counts if asked for. */
final class CompletionStream implements StreamedAnswer {
    private final Head head;
    private final boolean includeUsage;
    private final CompletionChoice choice = new CompletionChoice();

    CompletionStream(Head head, boolean includeUsage) {
        this.head = head;
        this.includeUsage = includeUsage;
    }

    @Override
    public String heard(GenerationEvent event) {
        if (!(event instanceof Delta delta)) {
            return "";
        }
        choice.add(delta);
        return chunk(delta.text(), JsonNodeFactory.instance.nullNode());
    }

    @Override
    public String ended(JsonNode result) {
        var end = chunk("", result.path("finish_reason"));
        if (includeUsage && Frames.counted(result)) {
            var usage = head.object("text_completion");
            usage.putArray("choices");
            Frames.putUsage(usage, result);
            end += Frames.data(usage);
        }
        return end + Frames.DONE;
    }

    private String chunk(String piece, JsonNode finishReason) {
        var chunk = head.object("text_completion");
        chunk.putArray("choices").add(choice.piece(piece, finishReason));
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
