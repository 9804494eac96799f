package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class AnswerSoFarTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @Test
    void aCallKeepsItsNameWhenLaterPiecesSayNone() throws IOException {
        var answer = new AnswerSoFar();
        answer.add(
                piece("{\"index\":0,\"id\":\"call-1\",\"function\":{\"name\":\"look\",\"arguments\":\"{\\\"a\\\"\"}}"));
        answer.add(piece("{\"index\":0,\"id\":null,\"function\":{\"name\":\"\",\"arguments\":\":1}\"}}"));

        var data = MAPPER.createObjectNode();
        answer.showIn(data);

        var call = data.path("tool_calls").path(0);
        assertThat(call.path("id").asText()).isEqualTo("call-1");
        assertThat(call.path("name").asText()).isEqualTo("look");
        assertThat(call.path("arguments").asText()).isEqualTo("{\"a\":1}");
    }

    private static Delta piece(String call) throws IOException {
        return new Delta((ObjectNode) MAPPER.readTree("{\"delta\":{\"tool_calls\":[" + call + "]}}"));
    }
}
