package dev.ringfence.api.rest;

import jakarta.ws.rs.container.ContainerRequestContext;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** Refuses bodies that are too large: before they are read where their length is told, else as soon as it shows. */
public class BodyLimit {
    private static final int MOST = 1 << 20;

    @ServerRequestFilter(preMatching = true)
    public void check(ContainerRequestContext request) {
        String length = request.getHeaderString("Content-Length");
        if (length != null && length.matches("\\d{1,18}")) {
            check(Long.parseLong(length));
        }
    }

    /** The whole body, and never more of it in memory than what is taken. Blocks. */
    static byte[] read(InputStream body) {
        try {
            byte[] bytes = body.readNBytes(MOST + 1);
            if (bytes.length > MOST) {
                throw new TooLarge("more than " + MOST);
            }
            return bytes;
        } catch (IOException e) {
            throw new BadRequest(
                    "incomplete-body", List.of("the body could not be read to its end: " + e.getMessage()));
        }
    }

    private static void check(long length) {
        if (length > MOST) {
            throw new TooLarge(Long.toString(length));
        }
    }

    /** A body is larger than what is taken; send less. */
    static final class TooLarge extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLarge(String length) {
            super("the body has " + length + " bytes; the limit is " + MOST + " (1 MiB)");
        }
    }
}
