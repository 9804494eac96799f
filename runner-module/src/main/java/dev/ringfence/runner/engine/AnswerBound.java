package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;

/**
 * Passes an answer on and breaks it off when it grows beyond what is kept of one: whoever gives it, it must not take the
 * heap. The probabilities of its tokens have their room until the bound is closed. For one answer; used by the thread that
 * tells of it.
 */
final class AnswerBound implements GenerationListener, AutoCloseable {
    /** A million tokens or so, many times what any model writes; a result of the journal holds four times as much. */
    static final int MOST_CHARACTERS = 4 << 20;

    /** What a piece of a call takes besides its texts. */
    private static final int PIECE = 64;

    private final GenerationListener listener;
    private final AnswerRoom.Share probabilities;
    private long characters;

    AnswerBound(GenerationListener listener) {
        this(listener, AnswerRoom.OF_THE_HEAP);
    }

    AnswerBound(GenerationListener listener, AnswerRoom room) {
        this.listener = listener;
        this.probabilities = room.share(AnswerRoom.Use.PROBABILITIES);
    }

    /**
     * Passes it on.
     *
     * @throws Misbehaved when it is too much
     * @throws EngineException.Saturated when others have the room for its probabilities
     */
    @Override
    public void heard(GenerationEvent event) {
        characters += switch (event) {
            case Delta delta -> length(delta);
            case Vectors _ -> 0; // AnswerRoom has seen to them
        };
        if (characters > MOST_CHARACTERS) {
            throw new Misbehaved("the answer has more than " + MOST_CHARACTERS
                    + " characters, its texts and the arguments of its calls together, and was broken off; ask for fewer"
                    + " tokens (max_tokens)");
        }
        if (event instanceof Delta delta && delta.choice().has("logprobs")) {
            probabilities.take(JsonWeight.of(delta.choice().path("logprobs")));
        }
        listener.heard(event);
    }

    private static long length(Delta delta) {
        long length = delta.text().length();
        length += delta.reasoning().length();
        length += delta.refusal().length();
        for (var call : delta.choice().path("delta").path("tool_calls")) {
            var function = call.path("function");
            length += PIECE
                    + call.path("id").asText("").length()
                    + function.path("name").asText("").length()
                    + function.path("arguments").asText("").length();
        }
        return length;
    }

    @Override
    public void waits(EngineProgress progress) {
        listener.waits(progress);
    }

    @Override
    public void close() {
        probabilities.close();
    }
}
