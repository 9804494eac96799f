package dev.ringfence.runner.engine;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 exchange over a unix socket. The peer runs a model that somebody else made, so nothing it sends is
 * trusted: head, chunk sizes and body all have bounds, and what breaks off is an error, never a short answer.
 *
 * <p>Reading blocks, so this is for virtual threads. It knows no time: {@link #close()} from any thread ends a blocked
 * read at once with an {@link IOException}, which is how deadlines and cancellation reach it.
 */
final class HttpConnection implements Closeable {
    private static final int MAX_HEAD = 32 * 1024;
    private static final int MAX_CHUNK_LINE = 1024;
    private static final int MAX_INTERIM_ANSWERS = 8;

    private final ByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(16 * 1024).limit(0);

    HttpConnection(ByteChannel channel) {
        this.channel = channel;
    }

    /** @throws IOException when nobody listens there (yet) */
    static HttpConnection open(Path socket) throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new HttpConnection(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** An answer's status, and its body, which is read from the connection as the caller reads it. */
    record Response(int status, InputStream body) {}

    /** The peer does not speak HTTP, or too much of it. */
    static final class ProtocolException extends IOException {
        private static final long serialVersionUID = 1L;

        ProtocolException(String message) {
            super(message);
        }
    }

    Response get(String path, long maxBody) throws IOException {
        return exchange("GET", path, null, maxBody);
    }

    Response postJson(String path, byte[] body, long maxBody) throws IOException {
        return exchange("POST", path, body, maxBody);
    }

    private Response exchange(String method, String path, byte @Nullable [] body, long maxBody) throws IOException {
        var head = new StringBuilder(method)
                .append(' ')
                .append(path)
                .append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        if (body != null) {
            head.append("Content-Type: application/json\r\nContent-Length: ")
                    .append(body.length)
                    .append("\r\n");
        }
        head.append("\r\n");
        var request = new ByteArrayOutputStream();
        request.writeBytes(head.toString().getBytes(StandardCharsets.US_ASCII));
        if (body != null) {
            request.writeBytes(body);
        }
        var bytes = ByteBuffer.wrap(request.toByteArray());
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        for (int i = 0; i < MAX_INTERIM_ANSWERS; i++) {
            var response = readHead(maxBody);
            if (response.status() >= 200) {
                return response;
            }
        }
        throw new ProtocolException("only interim answers (1xx)");
    }

    private Response readHead(long maxBody) throws IOException {
        int left = MAX_HEAD;
        var statusLine = readLine(left);
        left -= statusLine.length() + 2;
        int status = statusOf(statusLine);
        var headers = new HashMap<String, String>();
        while (true) {
            var line = readLine(left);
            left -= line.length() + 2;
            if (line.isEmpty()) {
                return new Response(status, bodyOf(status, headers, maxBody));
            }
            int colon = line.indexOf(':');
            if (colon < 1) {
                throw new ProtocolException("not a header: " + Texts.clip(line, 80));
            }
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
    }

    private static int statusOf(String line) throws ProtocolException {
        var words = line.split(" ", 3);
        if (words.length < 2 || !words[0].matches("HTTP/1\\.[01]") || !words[1].matches("[1-5][0-9]{2}")) {
            throw new ProtocolException("not an HTTP status line: " + Texts.clip(line, 80));
        }
        return Integer.parseInt(words[1]);
    }

    private InputStream bodyOf(int status, Map<String, String> headers, long maxBody) throws ProtocolException {
        if (status < 200 || status == 204 || status == 304) {
            return InputStream.nullInputStream();
        }
        var encoding = headers.get("transfer-encoding");
        if (encoding != null) {
            if (!encoding.equalsIgnoreCase("chunked")) {
                throw new ProtocolException("unknown transfer encoding: " + Texts.clip(encoding, 80));
            }
            return new ChunkedBody(maxBody);
        }
        var length = headers.get("content-length");
        if (length == null) {
            return new OpenBody(maxBody);
        }
        if (!length.matches("[0-9]{1,18}")) {
            throw new ProtocolException("not a length: " + Texts.clip(length, 80));
        }
        long bytes = Long.parseLong(length);
        if (bytes > maxBody) {
            throw tooLong(maxBody);
        }
        return new FixedBody(bytes);
    }

    /** Without its line end. */
    private String readLine(int limit) throws IOException {
        var line = new StringBuilder();
        while (true) {
            int next = readByte();
            if (next < 0) {
                throw brokeOff();
            }
            if (next == '\n') {
                int end = line.length();
                if (end > 0 && line.charAt(end - 1) == '\r') {
                    line.setLength(end - 1);
                }
                return line.toString();
            }
            if (line.length() >= limit) {
                throw new ProtocolException("a line of the answer's head is longer than " + limit + " bytes");
            }
            line.append((char) next);
        }
    }

    private int readByte() throws IOException {
        return fill() ? buffer.get() & 0xff : -1;
    }

    private int readSome(byte[] target, int offset, int length) throws IOException {
        if (!fill()) {
            return -1;
        }
        int count = Math.min(length, buffer.remaining());
        buffer.get(target, offset, count);
        return count;
    }

    /** Whether there is anything to read. */
    private boolean fill() throws IOException {
        if (buffer.hasRemaining()) {
            return true;
        }
        buffer.clear();
        int count = channel.read(buffer);
        buffer.flip();
        return count > 0;
    }

    /** Closes from outside; whoever reads or writes learns of it by an exception. */
    void hangUp() {
        try {
            channel.close();
        } catch (IOException e) {
            // The descriptor is gone all the same.
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static ProtocolException tooLong(long limit) {
        return new ProtocolException("the answer is longer than " + limit + " bytes");
    }

    private static EOFException brokeOff() {
        return new EOFException("the engine closed the connection in the middle of an answer");
    }

    private abstract static class Body extends InputStream {
        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, target.length);
            return length == 0 ? 0 : readInto(target, offset, length);
        }

        abstract int readInto(byte[] target, int offset, int length) throws IOException;
    }

    private final class FixedBody extends Body {
        private long left;

        FixedBody(long length) {
            this.left = length;
        }

        @Override
        int readInto(byte[] target, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int count = readSome(target, offset, (int) Math.min(length, left));
            if (count < 0) {
                throw brokeOff();
            }
            left -= count;
            return count;
        }
    }

    private final class ChunkedBody extends Body {
        private final long limit;
        private long total;
        private long left;
        private boolean started;
        private boolean ended;

        ChunkedBody(long limit) {
            this.limit = limit;
        }

        @Override
        int readInto(byte[] target, int offset, int length) throws IOException {
            if (left == 0 && !ended) {
                nextChunk();
            }
            if (ended) {
                return -1;
            }
            int count = readSome(target, offset, (int) Math.min(length, left));
            if (count < 0) {
                throw brokeOff();
            }
            left -= count;
            return count;
        }

        private void nextChunk() throws IOException {
            if (started && !readLine(2).isEmpty()) {
                throw new ProtocolException("a chunk is longer than it said");
            }
            started = true;
            left = chunkSize(readLine(MAX_CHUNK_LINE));
            total += left;
            if (total > limit) {
                throw tooLong(limit);
            }
            if (left == 0) {
                skipTrailers();
                ended = true;
            }
        }

        private long chunkSize(String line) throws ProtocolException {
            int extension = line.indexOf(';');
            var digits = (extension < 0 ? line : line.substring(0, extension)).strip();
            if (!digits.matches("[0-9A-Fa-f]{1,15}")) {
                throw new ProtocolException("not a chunk size: " + Texts.clip(line, 80));
            }
            return Long.parseLong(digits, 16);
        }

        private void skipTrailers() throws IOException {
            int room = MAX_HEAD;
            for (var line = readLine(room); !line.isEmpty(); line = readLine(room)) {
                room -= line.length() + 2;
            }
        }
    }

    /** A body without a length ends with the connection. */
    private final class OpenBody extends Body {
        private final long limit;
        private long total;

        OpenBody(long limit) {
            this.limit = limit;
        }

        @Override
        int readInto(byte[] target, int offset, int length) throws IOException {
            int count = readSome(target, offset, length);
            if (count > 0) {
                total += count;
                if (total > limit) {
                    throw tooLong(limit);
                }
            }
            return count;
        }
    }
}
