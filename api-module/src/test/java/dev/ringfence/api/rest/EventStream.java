package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.restassured.RestAssured;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Server-sent events over a plain socket: closing it is what a killed client does. */
final class EventStream implements AutoCloseable {
    /** One event as it stands on the wire. */
    record Event(String id, String name, JsonNode data) {}

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Socket socket;
    private final BufferedReader lines;

    private EventStream(String head, byte[] body) {
        try {
            socket = new Socket(InetAddress.getLoopbackAddress(), RestAssured.port);
            socket.setSoTimeout(120_000);
            var out = socket.getOutputStream();
            out.write((head + "Host: localhost\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.write(body);
            out.flush();
            lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static EventStream submit(String job) {
        var body = job.getBytes(StandardCharsets.UTF_8);
        return new EventStream(
                "POST /api/v1/jobs HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " + body.length
                        + "\r\n",
                body);
    }

    static EventStream watch(String id) {
        return watch(id, "", "");
    }

    static EventStream watch(String id, String query, String header) {
        return new EventStream("GET /api/v1/jobs/" + id + "/events" + query + " HTTP/1.1\r\n" + header, new byte[0]);
    }

    /** The next event, or one without an id when there is none any more. */
    Event next() {
        try {
            var id = "";
            var name = "";
            var data = new StringBuilder();
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.isEmpty() && !data.isEmpty()) {
                    return new Event(id, name, MAPPER.readTree(data.toString()));
                } else if (line.startsWith("id:")) {
                    id = line.substring(3).strip();
                } else if (line.startsWith("event:")) {
                    name = line.substring(6).strip();
                } else if (line.startsWith("data:")) {
                    data.append(line.substring(5));
                }
            }
            return new Event("", "", MAPPER.createObjectNode());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All that comes until the service closes the stream. */
    List<Event> all() {
        var events = new ArrayList<Event>();
        for (var event = next(); !event.id().isEmpty(); event = next()) {
            events.add(event);
        }
        return events;
    }

    /** Reads on until such an event has come. */
    Event until(String name) {
        for (var event = next(); !event.id().isEmpty(); event = next()) {
            if (event.name().equals(name)) {
                return event;
            }
        }
        throw new AssertionError("the stream ended before an event " + name);
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
