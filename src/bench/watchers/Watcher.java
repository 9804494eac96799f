package watchers;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;

/** One reader of a job's events, who goes on from the last whole event whenever the connection ends before the job. */
final class Watcher {
    private static final int SMALL_WINDOW = 4096;
    private static final int MOST_CONNECTIONS = 50;

    private final int port;
    private final String job;
    private final boolean stalls;
    private final CountDownLatch goOn = new CountDownLatch(1);
    private volatile long heard;
    private volatile boolean ended;
    private volatile boolean cut;
    private volatile String fault;

    Watcher(int port, String job, boolean stalls) {
        this.port = port;
        this.job = job;
        this.stalls = stalls;
    }

    boolean stalls() {
        return stalls;
    }

    /** How many events came, each with the number after the one before. */
    long heard() {
        return heard;
    }

    boolean wasCut() {
        return cut;
    }

    /** What went wrong, or null. */
    String fault() {
        return fault;
    }

    /** Reads again. */
    void goOn() {
        goOn.countDown();
    }

    void run(Runnable connected) {
        try {
            boolean first = true;
            for (int i = 0; i < MOST_CONNECTIONS && !ended && fault == null; i++) {
                cut |= !first;
                connection(first, connected);
                first = false;
            }
            if (!ended && fault == null) {
                fault = "cut off again and again";
            }
        } catch (IOException | InterruptedException e) {
            fault = e.toString();
        }
    }

    private void connection(boolean first, Runnable connected) throws IOException, InterruptedException {
        try (var socket = new Socket()) {
            if (stalls) {
                socket.setReceiveBufferSize(SMALL_WINDOW);
            }
            socket.setSoTimeout(120_000);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            socket.getOutputStream().write(("GET /api/v1/jobs/" + job + "/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: "
                            + heard + "\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            var in = socket.getInputStream();
            if (first) {
                // The answer has begun.
                if (in.read() < 0) {
                    fault = "no answer";
                    return;
                }
                connected.run();
                if (stalls) {
                    goOn.await();
                }
            }
            try {
                read(in);
            } catch (java.net.SocketException reset) {
                // Cut off: what was heard counts.
            }
        }
    }

    /** Of each line only what it begins with is looked at: the rest is output. */
    private void read(InputStream in) throws IOException {
        var buffer = new byte[1 << 14];
        var start = new StringBuilder();
        boolean skipping = false;
        long id = 0;
        for (int read = in.read(buffer); read > 0 && fault == null; read = in.read(buffer)) {
            for (int i = 0; i < read; i++) {
                byte each = buffer[i];
                if (each == '\n') {
                    var line = start.toString();
                    if (line.startsWith("id:")) {
                        id = Long.parseLong(line.substring(3).strip());
                    } else if (line.startsWith("event:completed")) {
                        ended = true;
                    } else if (line.isBlank() && id > 0) {
                        // The event is whole.
                        if (id != heard + 1) {
                            fault = "event " + id + " came after " + heard;
                            return;
                        }
                        heard = id;
                        id = 0;
                        if (ended) {
                            return;
                        }
                    }
                    start.setLength(0);
                    skipping = false;
                } else if (!skipping) {
                    start.append((char) each);
                    skipping = start.length() > 40;
                }
            }
        }
        // An event that did not come whole is asked for again.
        ended = false;
    }
}
