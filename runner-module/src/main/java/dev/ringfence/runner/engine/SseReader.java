package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.HttpConnection.ProtocolException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads server-sent events from a body, with a bound for each line and each event. */
final class SseReader {
    private final InputStream body;
    private final int maxEvent;
    private final byte[] buffer = new byte[8 * 1024];
    private int position;
    private int limit;
    private boolean afterCarriageReturn;

    /** @param maxEvent in bytes, for a line as well as for all data of an event */
    SseReader(InputStream body, int maxEvent) {
        this.body = body;
        this.maxEvent = maxEvent;
    }

    /**
     * One event.
     *
     * @param type {@code message} unless the peer says otherwise; {@code error} also for llama.cpp's {@code error:} line
     */
    record Event(String type, String data) {}

    /**
     * The next event that carries data, or null at the end of the body. An event that the body's end cuts off is
     * dropped, as the standard says.
     */
    @Nullable Event next() throws IOException {
        var type = "message";
        var data = new StringBuilder();
        boolean any = false;
        for (var line = readLine(); line != null; line = readLine()) {
            if (line.isEmpty()) {
                if (any) {
                    return new Event(type, data.toString());
                }
                type = "message";
                continue;
            }
            int colon = line.indexOf(':');
            var field = colon < 0 ? line : line.substring(0, colon);
            var value = colon < 0 ? "" : line.substring(colon + 1);
            value = value.startsWith(" ") ? value.substring(1) : value;
            switch (field) {
                case "event" -> type = value;
                case "data", "error" -> {
                    type = field.equals("error") ? "error" : type;
                    if (any) {
                        data.append('\n');
                    }
                    any = true;
                    if (data.length() + value.length() > maxEvent) {
                        throw tooLong();
                    }
                    data.append(value);
                }
                default -> {
                    // A comment, an id or a retry time: nothing that a model's answer needs.
                }
            }
        }
        return null;
    }

    private @Nullable String readLine() throws IOException {
        var line = new ByteArrayOutputStream(256);
        while (true) {
            if (position == limit && !fill()) {
                return null;
            }
            if (afterCarriageReturn) {
                afterCarriageReturn = false;
                if (buffer[position] == '\n') {
                    position++;
                    continue;
                }
            }
            int start = position;
            while (position < limit && buffer[position] != '\n' && buffer[position] != '\r') {
                position++;
            }
            if (line.size() + position - start > maxEvent) {
                throw tooLong();
            }
            line.write(buffer, start, position - start);
            if (position < limit) {
                afterCarriageReturn = buffer[position++] == '\r';
                return line.toString(StandardCharsets.UTF_8);
            }
        }
    }

    private boolean fill() throws IOException {
        position = 0;
        limit = Math.max(0, body.read(buffer));
        return limit > 0;
    }

    private ProtocolException tooLong() {
        return new ProtocolException("an event of the answer is longer than " + maxEvent + " bytes");
    }
}
