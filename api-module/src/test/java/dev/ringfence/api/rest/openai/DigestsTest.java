package dev.ringfence.api.rest.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.capability.Outcome;
import org.junit.jupiter.api.Test;

class DigestsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final Digests digests = new Digests();

    @Test
    void theEnginesFiguresStayAndItsWordsDoNot() {
        var kept = digests.result(json("""
                {"model": "m", "text": "sesame", "tool_calls": [{"name": "sesame"}], "output_tokens": 4,
                 "finish_reason": "stop", "engine": {"peak_memory_bytes": 7}, "engine_log": "got sesame",
                 "limits_hit": [{"field": "resources.max_memory_mb"}], "fence": {"tier": "landlock"}}"""));

        assertThat(kept.toString()).doesNotContain("sesame");
        assertThat(kept.path("engine").path("peak_memory_bytes").asInt()).isEqualTo(7);
        assertThat(kept.at("/limits_hit/0/field").asText()).isEqualTo("resources.max_memory_mb");
        assertThat(kept.at("/fence/tier").asText()).isEqualTo("landlock");
        assertThat(kept.path("finish_reason").asText()).isEqualTo("stop");
        assertThat(kept.path("output_tokens").asInt()).isEqualTo(4);
    }

    @Test
    void anArgumentIsNotKeptForHavingTheNameOfAFigure() {
        var kept = digests.arguments(json("{\"model\": \"m\", \"fence\": \"sesame\", \"max_tokens\": 4}"));

        assertThat(kept.toString()).doesNotContain("sesame");
        assertThat(kept.path("model").asText()).isEqualTo("m");
        assertThat(kept.path("max_tokens").asInt()).isEqualTo(4);
    }

    @Test
    void aMessageThatMayRepeatWhatWasAskedIsNotKept() {
        assertThat(message("engine-misbehaved", "got sesame", "{}")).doesNotContain("sesame");
        assertThat(message("saturated", "no room for sesame", "{\"queue_position\": 0}"))
                .doesNotContain("sesame");
        assertThat(message("prompt-too-long", "9 tokens, 8 fit", "{}")).isEqualTo("9 tokens, 8 fit");
    }

    /** It was a hash, though it is this service's own. */
    @Test
    void whatThisServiceSaysOfItsOwnQueueIsKept() {
        assertThat(message("saturated", "6 requests wait", "{\"queue_position\": 7}"))
                .isEqualTo("6 requests wait");
    }

    private String message(String type, String message, String data) {
        return digests.message(new Outcome.Failed(type, message, (ObjectNode) json(data)));
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
