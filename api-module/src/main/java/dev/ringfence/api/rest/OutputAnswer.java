package dev.ringfence.api.rest;

import jakarta.ws.rs.core.Response;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jboss.resteasy.reactive.PathPart;
import org.jspecify.annotations.Nullable;

/** Bytes over HTTP, whole or one range of them (RFC 9110, section 14). */
final class OutputAnswer {
    /** One range; several at once are answered with all bytes, as the standard allows. */
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

    private OutputAnswer() {}

    static Response of(JobOutput output, @Nullable String range, @Nullable String known) {
        var tag = "\"" + output.tag() + "\"";
        if (tag.equals(known)) {
            return Response.notModified().header("ETag", tag).build();
        }
        long first = 0;
        long last = output.length() - 1;
        var asked = RANGE.matcher(range == null ? "" : range.strip());
        boolean part =
                asked.matches() && !(asked.group(1).isEmpty() && asked.group(2).isEmpty());
        if (part) {
            if (asked.group(1).isEmpty()) {
                first = Math.max(0, output.length() - Long.parseLong(asked.group(2)));
            } else {
                first = Long.parseLong(asked.group(1));
                last = asked.group(2).isEmpty() ? last : Math.min(last, Long.parseLong(asked.group(2)));
            }
            if (first > last || first >= output.length()) {
                return Response.fromResponse(new Problem(
                                        416,
                                        "range-not-satisfiable",
                                        "There are no such bytes",
                                        "the output has " + output.length() + " bytes, and " + range + " was asked for")
                                .response())
                        .header("Content-Range", "bytes */" + output.length())
                        .build();
            }
        }
        long count = last - first + 1;
        Object body = output.file() == null
                ? Arrays.copyOfRange(output.shown(), (int) first, (int) (first + count))
                // Sent by the event loop, so a slow client holds no thread.
                : new PathPart(output.file(), first, count);
        var response = Response.status(part ? 206 : 200)
                // What a program put out is never to be taken for a page of this service.
                .type("application/octet-stream")
                .header("X-Content-Type-Options", "nosniff")
                .header("Content-Disposition", "attachment")
                .header("Accept-Ranges", "bytes")
                .header("ETag", tag);
        if (part) {
            response.header("Content-Range", "bytes " + first + "-" + last + "/" + output.length());
        }
        return response.entity(body).build();
    }
}
