package dev.ringfence.api.rest;

import jakarta.ws.rs.container.ContainerRequestContext;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** Refuses bodies that are too large, before they are read where their length is told. */
public class BodyLimit {
    private static final long MOST = 1 << 20;

    @ServerRequestFilter(preMatching = true)
    public void check(ContainerRequestContext request) {
        String length = request.getHeaderString("Content-Length");
        if (length != null && length.matches("\\d{1,18}")) {
            check(Long.parseLong(length));
        }
    }

    static void check(long length) {
        if (length > MOST) {
            throw new TooLarge(length);
        }
    }

    /** A body is larger than what is taken; send less. */
    static final class TooLarge extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLarge(long length) {
            super("the body has " + length + " bytes; the limit is " + MOST + " (1 MiB)");
        }
    }
}
