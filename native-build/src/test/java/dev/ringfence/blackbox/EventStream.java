package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A submission whose events are streamed back, over a plain socket: closing it is what a killed client does. */
final class EventStream implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader lines;

    private EventStream(Socket socket, BufferedReader lines) {
        this.socket = socket;
        this.lines = lines;
    }

    static EventStream submit(RunningService service, String job) {
        try {
            var socket = new Socket(InetAddress.getLoopbackAddress(), service.port());
            socket.setSoTimeout(30_000);
            byte[] body = job.getBytes(StandardCharsets.UTF_8);
            var head = """
                    POST /api/v1/jobs HTTP/1.1\r
                    Host: 127.0.0.1:%d\r
                    Content-Type: application/json\r
                    Accept: text/event-stream\r
                    Connection: close\r
                    Content-Length: %d\r
                    \r
                    """.formatted(service.port(), body.length);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
            socket.getOutputStream().flush();
            var lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8), 64);
            assertThat(lines.readLine()).startsWith("HTTP/1.1 2");
            return new EventStream(socket, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The data of the next events, at most so many; fewer when the stream ends. */
    List<JsonNode> next(int most) {
        var events = new ArrayList<JsonNode>();
        try {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("data:")) {
                    events.add(Api.json(line.substring("data:".length())));
                    if (events.size() == most) {
                        break;
                    }
                }
            }
            return events;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<JsonNode> all() {
        return next(Integer.MAX_VALUE);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
