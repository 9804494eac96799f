package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceConfig;
import io.smallrye.config.SmallRyeConfig;
import jakarta.ws.rs.container.ContainerRequestContext;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** Refuses bodies that are too large: before they are read where their length is told, else as soon as it shows. */
public class BodyLimit {

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
            int most = most();
            byte[] bytes = body.readNBytes(most + 1);
            if (bytes.length > most) {
                throw new TooLarge("more than " + most, most);
            }
            return bytes;
        } catch (IOException e) {
            throw new BadRequest(
                    "incomplete-body", List.of("the body could not be read to its end: " + e.getMessage()));
        }
    }

    private static void check(long length) {
        int most = most();
        if (length > most) {
            throw new TooLarge(Long.toString(length), most);
        }
    }

    private static int most() {
        return ConfigProvider.getConfig()
                .unwrap(SmallRyeConfig.class)
                .getConfigMapping(RingfenceConfig.class)
                .http()
                .bodyLimit();
    }

    /** A body is larger than what is taken; send less. */
    static final class TooLarge extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLarge(String length, int most) {
            super("the body has " + length + " bytes; the limit is " + most + " (ringfence.http.body-limit)");
        }
    }
}
