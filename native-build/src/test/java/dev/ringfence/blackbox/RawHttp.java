package dev.ringfence.blackbox;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** HTTP/1.1 over a plain socket, so that requests can be wrong; one connection for as long as both sides keep it. */
final class RawHttp implements AutoCloseable {
    /** Of an answer, the rest of which is not read. */
    private static final int MOST = 1 << 20;

    private static final int PATIENCE_MS = 60_000;

    private final int port;
    private Socket socket = new Socket();
    private InputStream in = InputStream.nullInputStream();

    RawHttp(int port) {
        this.port = port;
    }

    /** What came back; the status is 0 when the connection was closed without a word. */
    record Answer(int status, Map<String, String> headers, String body) {
        static final Answer NONE = new Answer(0, Map.of(), "");

        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }
    }

    Answer send(byte[] request, boolean answerHasBody) throws IOException {
        boolean reused = connect();
        try {
            return exchange(request, answerHasBody);
        } catch (EOFException | java.net.SocketException e) {
            close();
            if (!reused) {
                return Answer.NONE;
            }
            // The service may close a connection that nothing happens on, just when something does.
            connect();
            try {
                return exchange(request, answerHasBody);
            } catch (EOFException | java.net.SocketException again) {
                close();
                return Answer.NONE;
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private boolean connect() throws IOException {
        if (socket.isConnected() && !socket.isClosed()) {
            return true;
        }
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MS);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
        return false;
    }

    private Answer exchange(byte[] request, boolean answerHasBody) throws IOException {
        try {
            socket.getOutputStream().write(request);
        } catch (IOException refusedMeanwhile) {
            // An answer may be there all the same: a body that is too large is not read.
        }
        var statusLine = line();
        int status = Integer.parseInt(statusLine.split(" ", 3)[1]);
        var headers = new TreeMap<String, String>();
        for (var line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        var answer = new Answer(status, headers, "");
        if (answerHasBody && status != 204 && status != 304) {
            answer = new Answer(status, headers, new String(body(answer), StandardCharsets.UTF_8));
        }
        if (answer.header("connection").equalsIgnoreCase("close")) {
            close();
        }
        return answer;
    }

    private byte[] body(Answer answer) throws IOException {
        var body = new ByteArrayOutputStream();
        if (answer.header("transfer-encoding").equalsIgnoreCase("chunked")) {
            for (int size = chunk(); size > 0; size = chunk()) {
                body.writeBytes(in.readNBytes(size));
                line();
                if (body.size() > MOST) {
                    close();
                    return body.toByteArray();
                }
            }
            line();
            return body.toByteArray();
        }
        var length = answer.header("content-length");
        if (length.isEmpty()) {
            body.writeBytes(in.readNBytes(MOST));
            close();
        } else {
            long size = Long.parseLong(length);
            body.writeBytes(in.readNBytes((int) Math.min(size, MOST)));
            if (size > MOST) {
                close();
            }
        }
        return body.toByteArray();
    }

    private int chunk() throws IOException {
        return Integer.parseInt(line().split(";", 2)[0].strip(), 16);
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int read = in.read(); read != '\n'; read = in.read()) {
            if (read < 0) {
                throw new EOFException();
            }
            line.write(read);
        }
        var text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** What the service would hear of a client that is killed. */
    @Override
    public void close() throws IOException {
        socket.close();
    }
}
