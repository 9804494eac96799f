package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.EngineException.TooManyVectors;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class AnswerRoomTest {
    private final AnswerRoom room = new AnswerRoom(() -> 1000);

    @Test
    void anAnswerThatIsTooMuchAloneIsRefusedForGoodAndOneThatIsBesideOthersForNow() throws IOException {
        try (var first = reading("x".repeat(600));
                var second = reading("x".repeat(600))) {
            assertThat(first.readAllBytes()).hasSize(600);
            assertThatThrownBy(second::readAllBytes).isInstanceOf(Saturated.class);
        }
        try (var third = reading("x".repeat(1001))) {
            assertThatThrownBy(third::readAllBytes)
                    .isInstanceOf(TooManyVectors.class)
                    .hasMessageContaining("fewer inputs at a time")
                    .hasMessageContaining("1000 bytes")
                    .hasMessageContaining("-Xmx");
        }
        try (var fourth = reading("x".repeat(1000))) {
            assertThat(fourth.readAllBytes()).hasSize(1000);
        }
    }

    @Test
    void emptyNodesAndShortNumbersAreTakenForWhatTheyAreInTheHeap() throws IOException {
        try (var nodes = reading("[" + "{},".repeat(10))) {
            assertThatThrownBy(nodes::readAllBytes).isInstanceOf(TooManyVectors.class);
        }
        try (var numbers = reading("1,".repeat(40))) {
            assertThatThrownBy(numbers::readAllBytes).isInstanceOf(TooManyVectors.class);
        }
    }

    @Test
    void anAnswerHasItsRoomUntilItHasBeenPassedOnAndNotOnlyUntilItWasRead() throws IOException {
        try (var first = reading("\"" + "x".repeat(598) + "\"")) {
            assertThat(JsonText.parse("it", first).asText()).hasSize(598);
            try (var second = reading("x".repeat(600))) {
                assertThatThrownBy(second::readAllBytes).isInstanceOf(Saturated.class);
            }
        }
        try (var third = reading("x".repeat(600))) {
            assertThat(third.readAllBytes()).hasSize(600);
        }
    }

    /** To be closed when it has been passed on. */
    private InputStream reading(String json) {
        var share = room.share(AnswerRoom.Use.VECTORS);
        return new FilterInputStream(
                share.reading(new ByteArrayInputStream(json.getBytes(StandardCharsets.US_ASCII)))) {
            @Override
            public void close() {
                share.close();
            }
        };
    }
}
