package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class AnswerBoundTest {
    private final AnswerRoom room = new AnswerRoom(() -> 100_000);
    private final ArrayList<GenerationEvent> heard = new ArrayList<>();

    /** Only texts were counted, and an answer of empty nodes grew until the heap was full. */
    @Test
    void probabilitiesTakeRoomUntilTheAnswerIsOver() {
        try (var first = new AnswerBound(heard::add, room);
                var second = new AnswerBound(heard::add, room)) {
            first.heard(withProbabilities(1000));

            assertThatThrownBy(() -> second.heard(withProbabilities(1000)))
                    .isInstanceOf(Saturated.class)
                    .hasMessageContaining("100000 bytes");
            assertThatThrownBy(() -> first.heard(withProbabilities(1000)))
                    .isInstanceOf(Misbehaved.class)
                    .hasMessageContaining("top_logprobs");
        }
        try (var third = new AnswerBound(heard::add, room)) {
            third.heard(withProbabilities(1000));
        }
        assertThat(heard).hasSize(2);
    }

    private static Delta withProbabilities(int tokens) {
        var choice = JsonNodeFactory.instance.objectNode();
        var content = choice.putObject("logprobs").putArray("content");
        for (int i = 0; i < tokens; i++) {
            content.addArray();
        }
        return new Delta(choice);
    }
}
