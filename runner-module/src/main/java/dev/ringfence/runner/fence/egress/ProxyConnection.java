package dev.ringfence.runner.fence.egress;

import dev.ringfence.runner.fence.egress.EgressPolicy.Way;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** One connection to a job's proxy, from its request to the end of both directions. */
abstract class ProxyConnection {
    private static final int BUFFER = 16 * 1024;
    private static final int MOST_ADDRESSES = 4;
    private static final byte[] ESTABLISHED =
            "HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    private final SocketChannel client;
    private final EgressPolicy policy;
    private final EgressLimits limits;
    private final Resolver resolver;
    private final Bandwidth bandwidth;

    /** By the monotonic clock; until then something must move. */
    private volatile long idleAt;

    private volatile boolean tunnelling;
    private volatile boolean closed;
    private volatile @Nullable SocketChannel origin;

    /** An answer that is no destination's. */
    private static final class Denied extends Exception {
        private static final long serialVersionUID = 1L;

        private final String status;

        Denied(String status, String message) {
            super(message);
            this.status = status;
        }
    }

    ProxyConnection(
            SocketChannel client, EgressPolicy policy, EgressLimits limits, Resolver resolver, Bandwidth bandwidth) {
        this.client = client;
        this.policy = policy;
        this.limits = limits;
        this.resolver = resolver;
        this.bandwidth = bandwidth;
        this.idleAt = System.nanoTime() + limits.head().toNanos();
    }

    abstract void refused(Refusal refusal);

    /** A destination was reached. */
    abstract void connected();

    abstract void moved(boolean up, int bytes);

    /** Called once, when nothing of the connection is left. */
    abstract void ended();

    /** Serves the connection; returns at its end. */
    void run() {
        try {
            serve();
        } catch (Denied e) {
            answer(e.status, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            // One of the two sides has gone, or the job has ended.
        } finally {
            close();
            ended();
        }
    }

    /** One too many. */
    void turnAway() {
        try {
            client.configureBlocking(false);
            answer("503 Service Unavailable", "this job has " + limits.connections() + " connections open");
        } catch (IOException e) {
            // It has gone already.
        } finally {
            close();
        }
    }

    void closeIfIdle(long now) {
        if (now - idleAt >= 0) {
            if (!tunnelling) {
                answer(
                        "408 Request Timeout",
                        "no request came within " + limits.head().toSeconds() + " s");
            }
            close();
        }
    }

    final void close() {
        closed = true;
        closeQuietly(client);
        var open = origin;
        if (open != null) {
            closeQuietly(open);
        }
    }

    private void serve() throws IOException, Denied {
        byte[] bytes = new byte[limits.headBytes()];
        var buffer = ByteBuffer.wrap(bytes);
        var head = head(buffer, bytes);
        if (head == null) {
            return;
        }
        tunnelling = true;
        // Resolving and connecting have limits of their own.
        idleAt = System.nanoTime() + 2 * MOST_ADDRESSES * limits.connect().toNanos();
        var up = connect(head, addresses(head));
        connected();
        if (head.way() == Way.TUNNEL) {
            write(client, ByteBuffer.wrap(ESTABLISHED));
        } else {
            send(up, ByteBuffer.wrap(head.bytes()), true);
        }
        if (buffer.hasRemaining()) {
            send(up, buffer, true);
        }
        stillAlive();
        var down = Thread.ofVirtual()
                .name(Thread.currentThread().getName() + "-down")
                .start(() -> move(up, client, false));
        move(client, up, true);
        try {
            down.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads up to the empty line; what came behind it is left in the buffer. Null when nothing came at all. */
    private @Nullable RequestHead head(ByteBuffer buffer, byte[] bytes) throws IOException, Denied {
        int searched = 0;
        while (true) {
            if (client.read(buffer) < 0) {
                return null;
            }
            int end = end(bytes, searched, buffer.position());
            if (end >= 0) {
                var text = new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
                buffer.flip().position(end);
                try {
                    return RequestHead.parse(text);
                } catch (RequestHead.Malformed e) {
                    throw new Denied("400 Bad Request", String.valueOf(e.getMessage()));
                }
            }
            if (!buffer.hasRemaining()) {
                throw new Denied(
                        "431 Request Header Fields Too Large",
                        "the head is longer than " + limits.headBytes() + " bytes");
            }
            searched = Math.max(0, buffer.position() - 3);
        }
    }

    /** Behind the first empty line; negative when there is none. */
    private static int end(byte[] bytes, int from, int to) {
        for (int i = from; i + 4 <= to; i++) {
            if (bytes[i] == '\r' && bytes[i + 1] == '\n' && bytes[i + 2] == '\r' && bytes[i + 3] == '\n') {
                return i + 4;
            }
        }
        return -1;
    }

    private List<InetAddress> addresses(RequestHead head) throws Denied {
        var literal = Hosts.literal(head.host());
        if (literal.isPresent()) {
            if (!policy.lists(literal.get(), head.port(), head.way())) {
                throw refuse(head, "it is not in network.allowed_destinations");
            }
            return List.of(literal.get());
        }
        var name = Hosts.name(head.host())
                .orElseThrow(() -> new Denied("400 Bad Request", "\"" + head.host() + "\" is no host name"));
        // Only names that are listed are looked up: a question to a name server can carry secrets as well.
        if (!policy.lists(name, head.port(), head.way())) {
            throw refuse(head, "it is not in network.allowed_destinations");
        }
        List<InetAddress> resolved;
        try {
            resolved = resolver.resolve(name, limits.connect());
        } catch (IOException e) {
            throw new Denied("502 Bad Gateway", String.valueOf(e.getMessage()));
        }
        var reachable = policy.reachable(resolved, head.port(), head.way());
        if (reachable.isEmpty()) {
            var first = resolved.getFirst();
            throw refuse(
                    head,
                    "the name leads to " + first.getHostAddress() + ", "
                            + SpecialAddresses.why(first).orElse("no public address")
                            + "; to allow that, list the address and port as well");
        }
        return reachable;
    }

    private Denied refuse(RequestHead head, String reason) {
        var host = head.host().contains(":") ? "[" + head.host() + "]" : head.host();
        var destination = host + ":" + head.port();
        refused(new Refusal(destination, reason));
        return new Denied("403 Forbidden", destination + " is refused: " + reason);
    }

    /** Connects to the very addresses that were looked at; nothing is resolved again. */
    private SocketChannel connect(RequestHead head, List<InetAddress> addresses) throws IOException, Denied {
        IOException last = new IOException("no address");
        for (var address : addresses.subList(0, Math.min(addresses.size(), MOST_ADDRESSES))) {
            var channel = SocketChannel.open();
            origin = channel;
            if (closed) {
                // The job ended before the other side was there to be closed.
                channel.close();
            }
            try {
                channel.socket().connect(new InetSocketAddress(address, head.port()), (int)
                        limits.connect().toMillis());
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                return channel;
            } catch (IOException e) {
                channel.close();
                last = e;
            }
        }
        throw new Denied(
                last instanceof SocketTimeoutException ? "504 Gateway Timeout" : "502 Bad Gateway",
                head.host() + ":" + head.port() + " could not be reached: " + last.getMessage());
    }

    private void move(SocketChannel from, SocketChannel to, boolean up) {
        var buffer = ByteBuffer.allocate(BUFFER);
        try {
            while (from.read(buffer) >= 0) {
                stillAlive();
                send(to, buffer.flip(), up);
                buffer.clear();
            }
            to.shutdownOutput();
        } catch (IOException e) {
            // Both directions end when one breaks: the other side must learn that bytes were lost.
            close();
        }
    }

    private void send(SocketChannel to, ByteBuffer bytes, boolean up) throws IOException {
        int count = bytes.remaining();
        long wait = bandwidth.take(count, System.nanoTime());
        if (wait > 0) {
            idleAt = System.nanoTime() + wait + limits.idle().toNanos();
            LockSupport.parkNanos(wait);
        }
        write(to, bytes);
        moved(up, count);
        stillAlive();
    }

    private static void write(SocketChannel to, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    private void stillAlive() {
        idleAt = System.nanoTime() + limits.idle().toNanos();
    }

    private void answer(String status, String message) {
        byte[] body = (message + "\n").getBytes(StandardCharsets.UTF_8);
        var head = "HTTP/1.1 " + status + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
                + body.length + "\r\nConnection: close\r\nVia: 1.1 ringfence\r\n\r\n";
        var answer = ByteBuffer.allocate(head.length() + body.length)
                .put(head.getBytes(StandardCharsets.ISO_8859_1))
                .put(body)
                .flip();
        try {
            // Fits into the empty buffer of a socket, so one write is enough also where it must not block.
            client.write(answer);
            client.shutdownOutput();
        } catch (IOException e) {
            // Nobody waits for it.
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // It is of no more use either way.
        }
    }
}
