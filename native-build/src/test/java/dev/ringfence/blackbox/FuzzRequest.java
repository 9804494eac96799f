package dev.ringfence.blackbox;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A request as it goes over the wire, right or wrong.
 *
 * @param target what stands between the method and the version
 * @param headers whole lines, without their end
 * @param broken whether it may be no HTTP, so that the server below all resources may refuse it with an empty answer
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record FuzzRequest(String method, byte[] target, List<byte[]> headers, byte[] body, boolean broken) {
    private static final int SHOWN = 600;

    byte[] bytes() {
        var out = new ByteArrayOutputStream();
        out.writeBytes(ascii(method + " "));
        out.writeBytes(target);
        out.writeBytes(ascii(" HTTP/1.1\r\n"));
        var all = new ArrayList<>(headers);
        if (body.length > 0 || !List.of("GET", "HEAD", "DELETE").contains(method)) {
            all.add(ascii("Content-Length: " + body.length));
        }
        for (var header : all) {
            out.writeBytes(header);
            out.writeBytes(ascii("\r\n"));
        }
        out.writeBytes(ascii("\r\n"));
        out.writeBytes(body);
        return out.toByteArray();
    }

    /** Whether it may be taken for one of OpenAI's API: dots and slashes are taken out of addresses. */
    boolean openAi() {
        return new String(target, StandardCharsets.ISO_8859_1).contains("/v1/");
    }

    /** Whether it asks for no address at all. */
    boolean addressed() {
        return target.length > 0 && target[0] == '/';
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public String toString() {
        var text = new String(bytes(), StandardCharsets.UTF_8)
                .replaceAll("Bearer rf_[^\\s]*", "Bearer …")
                .replaceAll("[\\p{Cntrl}&&[^\n]]", "·");
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "… (" + text.length() + ")" : text;
    }
}
