package dev.ringfence.api.rest;

import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.ext.Provider;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Type;
import org.jboss.resteasy.reactive.server.spi.ResteasyReactiveResourceInfo;
import org.jboss.resteasy.reactive.server.spi.ServerMessageBodyWriter;
import org.jboss.resteasy.reactive.server.spi.ServerRequestContext;

/** Sends files at the pace of those who read them. One on its way takes the room of a piece. */
@Provider
@Produces(MediaType.WILDCARD)
public class FileAnswers implements ServerMessageBodyWriter<FileAnswer> {
    private final PacedAnswers paced;

    FileAnswers(PacedAnswers paced) {
        this.paced = paced;
    }

    @Override
    public boolean isWriteable(
            Class<?> type, Type genericType, ResteasyReactiveResourceInfo target, MediaType mediaType) {
        return FileAnswer.class.isAssignableFrom(type);
    }

    @Override
    public boolean isWriteable(Class<?> type, Type genericType, Annotation[] annotations, MediaType mediaType) {
        return FileAnswer.class.isAssignableFrom(type);
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
    public void writeTo(
            FileAnswer file,
            Class<?> type,
            Type genericType,
            Annotation[] annotations,
            MediaType mediaType,
            MultivaluedMap<String, Object> headers,
            OutputStream out)
            throws IOException {
        try (var content = file.content()) {
            content.transferTo(out);
        }
    }
}
