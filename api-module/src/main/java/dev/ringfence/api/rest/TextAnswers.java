package dev.ringfence.api.rest;

import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.ext.Provider;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import org.jboss.resteasy.reactive.server.spi.ServerRequestContext;

/**
 * Sends JSON that is a text already, such as problems, all at once: the framework's own way has a thread wait until the
 * client takes it, which over HTTP/2 may be never.
 */
@Provider
@Produces({MediaType.APPLICATION_JSON, Problem.MEDIA_TYPE})
public class TextAnswers extends AnswerWriter<String> {
    TextAnswers() {
        super(String.class);
    }

    @Override
    public void writeResponse(String json, Type genericType, ServerRequestContext request) {
        request.serverResponse().end(json.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    void write(String json, OutputStream out) throws IOException {
        out.write(json.getBytes(StandardCharsets.UTF_8));
    }
}
