package dev.ringfence.api.rest;

import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.ext.Provider;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Type;
import org.jboss.resteasy.reactive.server.spi.ServerRequestContext;

/** Sends files at the pace of those who read them. One on its way takes the room of a piece. */
@Provider
@Produces(MediaType.WILDCARD)
public class FileAnswers extends AnswerWriter<FileAnswer> {
    private final PacedAnswers paced;

    FileAnswers(PacedAnswers paced) {
        super(FileAnswer.class);
        this.paced = paced;
    }

    @Override
    public void writeResponse(FileAnswer file, Type genericType, ServerRequestContext request) throws IOException {
        AnswerRoom.Place place;
        try {
            place = paced.room(request, PacedAnswers.PIECE);
        } catch (AnswerRoom.TooMany e) {
            file.content().close();
            throw e;
        }
        paced.send(request, file.content(), file.length(), place);
    }

    @Override
    void write(FileAnswer file, OutputStream out) throws IOException {
        try (var content = file.content()) {
            content.transferTo(out);
        }
    }
}
