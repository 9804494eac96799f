package dev.ringfence.runner.fence.egress;

import dev.ringfence.runner.fence.egress.EgressPolicy.Way;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The head of a request to a proxy (RFC 9110, RFC 9112), read strictly: what two readers could understand differently
 * is malformed.
 *
 * @param host as it was written, without brackets
 * @param forwarded what is sent on in its place; empty for a tunnel
 */
record RequestHead(Way way, String host, int port, String forwarded) {
    private static final Pattern REQUEST =
            Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (\\S{1,8000}) HTTP/1\\.[01]");
    private static final String HOST = "(?:\\[([0-9A-Fa-f:.]{2,45})]|([A-Za-z0-9._-]{1,254}))";
    private static final Pattern AUTHORITY = Pattern.compile(HOST + ":(\\d{1,5})");
    private static final Pattern ABSOLUTE = Pattern.compile("(?i:http)://" + HOST + "(?::(\\d{1,5}))?([/?][^#]*)?");
    private static final Pattern FIELD = Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}):[ \\t]*(.*?)[ \\t]*");

    /** Of this connection alone, not of the way to the origin; beside those that Connection names. */
    private static final Set<String> HOP_BY_HOP = Set.of(
            "connection",
            "proxy-connection",
            "proxy-authorization",
            "proxy-authenticate",
            "keep-alive",
            "te",
            "upgrade");

    /** Says what is wrong with a request, in words for its sender. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message);
        }
    }

    private record Field(String name, String line, String value) {}

    /** Reads a head: everything up to and with the empty line. */
    static RequestHead parse(String head) throws Malformed {
        var lines = List.of(head.substring(0, head.length() - 4).split("\r\n", -1));
        for (var line : lines) {
            if (line.chars().anyMatch(c -> (c < 0x20 && c != '\t') || c == 0x7f)) {
                throw new Malformed("the head holds control characters");
            }
        }
        var request = REQUEST.matcher(lines.getFirst());
        if (!request.matches()) {
            throw new Malformed("the first line is no request of HTTP/1.1");
        }
        var fields = fields(lines.subList(1, lines.size()));
        if (request.group(1).equals("CONNECT")) {
            var target = AUTHORITY.matcher(request.group(2));
            if (!target.matches()) {
                throw new Malformed("CONNECT takes a host and a port, such as example.org:443");
            }
            return new RequestHead(Way.TUNNEL, host(target), port(target.group(3)), "");
        }
        var target = ABSOLUTE.matcher(request.group(2));
        if (!target.matches()) {
            throw new Malformed("a proxy takes CONNECT, or a whole address such as http://example.org/");
        }
        int port = target.group(3) == null ? 80 : port(target.group(3));
        return new RequestHead(Way.FORWARD, host(target), port, forward(request.group(1), target, fields));
    }

    private static List<Field> fields(List<String> lines) throws Malformed {
        var fields = new ArrayList<Field>();
        for (var line : lines) {
            var field = FIELD.matcher(line);
            if (!field.matches()) {
                throw new Malformed("not a header field: a name, a colon and a value on one line");
            }
            fields.add(new Field(field.group(1).toLowerCase(Locale.ROOT), line, field.group(2)));
        }
        return fields;
    }

    private static String forward(String method, Matcher target, List<Field> fields) throws Malformed {
        var names = fields.stream().map(Field::name).toList();
        if (names.contains("transfer-encoding") && names.contains("content-length")) {
            throw new Malformed("a request has either Transfer-Encoding or Content-Length");
        }
        if (names.stream().filter("content-length"::equals).count() > 1) {
            throw new Malformed("a request has one Content-Length at most");
        }
        var dropped = new HashSet<>(HOP_BY_HOP);
        dropped.add("host");
        for (var field : fields) {
            if (field.name().equals("connection")) {
                for (var name : field.value().split(",", -1)) {
                    dropped.add(name.strip().toLowerCase(Locale.ROOT));
                }
            }
        }
        // How long the body is must not be hidden from the origin.
        dropped.removeAll(Set.of("transfer-encoding", "content-length"));
        var path = target.group(4) == null ? "/" : target.group(4);
        var forwarded = new StringBuilder()
                .append(method)
                .append(' ')
                .append(path.startsWith("?") ? "/" + path : path)
                .append(" HTTP/1.1\r\nHost: ")
                .append(target.group(1) == null ? target.group(2) : "[" + target.group(1) + "]")
                .append(target.group(3) == null ? "" : ":" + target.group(3))
                .append("\r\n");
        for (var field : fields) {
            if (!dropped.contains(field.name())) {
                forwarded.append(field.line()).append("\r\n");
            }
        }
        // One request for each connection, so that the next one cannot go to this one's origin.
        return forwarded.append("Connection: close\r\n\r\n").toString();
    }

    private static String host(Matcher target) {
        return target.group(1) == null ? target.group(2) : target.group(1);
    }

    private static int port(String digits) throws Malformed {
        int port = Integer.parseInt(digits);
        if (port < 1 || port > 65_535) {
            throw new Malformed("a port is a number from 1 to 65535");
        }
        return port;
    }

    /** The bytes to send on. */
    byte[] bytes() {
        return forwarded.getBytes(StandardCharsets.ISO_8859_1);
    }
}
