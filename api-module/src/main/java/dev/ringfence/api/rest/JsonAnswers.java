package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.ext.Provider;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Type;
import org.jboss.resteasy.reactive.server.spi.ServerRequestContext;

/** Sends all answers that are JSON: small ones at once, large ones in pieces once there is room for them. */
@Provider
@Produces(MediaType.APPLICATION_JSON)
public class JsonAnswers extends AnswerWriter<JsonNode> {
    /** So small that an answer's other members, of which there are some twenty, never need room. */
    private static final int LARGE_MEMBER = 1 << 10;

    private final PacedAnswers paced;
    private final ObjectWriter writer;

    JsonAnswers(PacedAnswers paced, ObjectMapper mapper) {
        super(JsonNode.class);
        this.paced = paced;
        this.writer = mapper.writer();
    }

    @Override
    public void writeResponse(JsonNode json, Type genericType, ServerRequestContext request) throws IOException {
        // A large one is not made before there is room for it.
        var first = measured(json);
        if (first.length <= PacedAnswers.PIECE) {
            request.serverResponse().end(first.kept.toByteArray());
            return;
        }
        AnswerRoom.Place place;
        try {
            place = paced.room(request, first.length);
        } catch (AnswerRoom.TooMany e) {
            if (PacedAnswers.isReading(request) || !(json instanceof ObjectNode object)) {
                throw e;
            }
            // Refused, it would look as if nothing had been done, and be done once more.
            request.serverResponse()
                    .end(measured(withoutLargeMembers(object)).kept.toByteArray());
            return;
        }
        try {
            var whole = new Whole(Math.toIntExact(first.length));
            writer.writeValue(whole, json);
            paced.send(request, whole.content(), whole.size(), place);
        } catch (IOException | RuntimeException e) {
            place.close();
            throw e;
        }
    }

    private Measured measured(JsonNode json) throws IOException {
        var measured = new Measured(PacedAnswers.PIECE);
        writer.writeValue(measured, json);
        return measured;
    }

    /** Those are named instead. */
    private ObjectNode withoutLargeMembers(ObjectNode json) throws IOException {
        var rest = JsonNodeFactory.instance.objectNode();
        var leftOut = JsonNodeFactory.instance.arrayNode();
        for (var member : json.properties()) {
            if (measured(member.getValue()).length > LARGE_MEMBER) {
                leftOut.add(member.getKey());
            } else {
                rest.set(member.getKey(), member.getValue());
            }
        }
        rest.set("left_out", leftOut);
        return rest;
    }

    @Override
    void write(JsonNode json, OutputStream out) throws IOException {
        out.write(writer.writeValueAsBytes(json));
    }

    /** Keeps the beginning of what is written, and counts the rest. */
    private static final class Measured extends OutputStream {
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        private final int most;
        private long length;

        Measured(int most) {
            this.most = most;
        }

        @Override
        public void write(int one) {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int count) {
            length += count;
            if (length <= most) {
                kept.write(bytes, offset, count);
            }
        }
    }

    /** Bytes that are read where they were written, without a copy. */
    private static final class Whole extends ByteArrayOutputStream {
        Whole(int length) {
            super(length);
        }

        InputStream content() {
            return new ByteArrayInputStream(buf, 0, count);
        }
    }
}
