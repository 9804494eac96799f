package dev.ringfence.runner.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.runner.engine.HttpConnection.ProtocolException;
import dev.ringfence.runner.engine.SseReader.Event;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SseReaderTest {
    private static final String STREAM = ": comment\n\n"
            + "data: {\"text\":\"grüß\"}\n\n"
            + "id: 7\r\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\n"
            + "data: old mac\r\r"
            + "error: {\"code\":500}\n\n"
            + "data\n\n"
            + "data: [DONE]\n\n"
            + "data: cut off";
    private static final List<Event> EVENTS = List.of(
            new Event("message", "{\"text\":\"grüß\"}"),
            new Event("x", "two\nlines"),
            new Event("message", "old mac"),
            new Event("error", "{\"code\":500}"),
            new Event("message", ""),
            new Event("message", "[DONE]"));

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 10_000})
    void eventsAreTheSameHoweverTheyArrive(int pieces) throws IOException {
        // Given
        var reader = new SseReader(inPieces(STREAM, pieces), 1000);

        // When
        var events = new ArrayList<Event>();
        for (var event = reader.next(); event != null; event = reader.next()) {
            events.add(event);
        }

        // Then
        assertThat(events).isEqualTo(EVENTS);
    }

    @Test
    void anEndlessLineIsGivenUp() {
        // Given
        var reader = new SseReader(inPieces("data: " + "x".repeat(2000), 100), 1000);

        // Then
        assertThatThrownBy(reader::next).isInstanceOf(ProtocolException.class);
    }

    @Test
    void anEventOfEndlesslyManyLinesIsGivenUp() {
        // Given
        var reader = new SseReader(inPieces("data: x\n".repeat(2000), 100), 1000);

        // Then
        assertThatThrownBy(reader::next).isInstanceOf(ProtocolException.class);
    }

    private static InputStream inPieces(String text, int size) {
        return new ByteArrayInputStream(text.getBytes(UTF_8)) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return super.read(target, offset, Math.min(length, size));
            }
        };
    }
}
