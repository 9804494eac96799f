package dev.ringfence.api.webhook;

import dev.ringfence.runner.fence.egress.Resolver;
import dev.ringfence.runner.fence.egress.SpecialAddresses;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * One message to one endpoint, over a connection of its own, to an address that was looked at: whoever may change a name
 * in between changes nothing. Redirects are not followed, and of the answer only the status is read.
 */
final class Post {
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3})(?: .*)?");
    private static final int LONGEST_LINE = 1024;

    private final Duration timeout;
    private final ScheduledExecutorService clock;
    private final Resolver resolver;

    /** The message did not arrive; the text says why. */
    static final class Failed extends IOException {
        private static final long serialVersionUID = 1L;

        Failed(String message) {
            super(message);
        }
    }

    Post(Duration timeout, ScheduledExecutorService clock, Resolver resolver) {
        this.timeout = timeout;
        this.clock = clock;
        this.resolver = resolver;
    }

    /**
     * Sends it. Blocks, no longer than the timeout, for all from the name to the answer.
     *
     * @param id the same each time that a message is sent
     * @return the status that the endpoint answered
     * @throws IOException when it answered nothing in time
     */
    int send(Endpoint endpoint, String id, String body) throws IOException {
        var url = endpoint.url();
        boolean secure = url.getScheme().equals("https");
        int port = url.getPort() != -1 ? url.getPort() : secure ? 443 : 80;
        long deadline = System.nanoTime() + timeout.toNanos();
        var address = address(endpoint);
        int left = Math.toIntExact(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        try (var plain = new Socket()) {
            // However slowly it answers, byte by byte: then it is over.
            var end = clock.schedule(() -> close(plain), left, TimeUnit.MILLISECONDS);
            try {
                plain.connect(new InetSocketAddress(address, port), left);
                try (var socket = secure ? secured(plain, url.getHost(), port) : plain) {
                    socket.getOutputStream().write(request(endpoint, id, body).getBytes(StandardCharsets.UTF_8));
                    socket.getOutputStream().flush();
                    return status(socket.getInputStream());
                }
            } finally {
                end.cancel(false);
            }
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Whoever reads from it is told.
        }
    }

    private InetAddress address(Endpoint endpoint) throws IOException {
        List<InetAddress> addresses;
        try {
            addresses = resolver.resolve(endpoint.url().getHost(), timeout);
        } catch (IOException e) {
            throw new Failed(String.valueOf(e.getMessage()));
        }
        for (var address : addresses) {
            var special = SpecialAddresses.why(address);
            if (special.isPresent() && !endpoint.allowPrivate()) {
                throw new Failed(endpoint.url().getHost() + " is " + address.getHostAddress() + ", " + special.get()
                        + "; ringfence.webhooks.endpoints." + endpoint.name() + ".allow-private=true allows it");
            }
        }
        return addresses.getFirst();
    }

    private static Socket secured(Socket plain, String host, int port) throws IOException {
        var factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        var socket = (SSLSocket) factory.createSocket(plain, host, port, true);
        var parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private static String request(Endpoint endpoint, String id, String body) {
        long timestamp = Instant.now().getEpochSecond();
        var url = endpoint.url();
        var path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
        return "POST " + path + (url.getRawQuery() == null ? "" : "?" + url.getRawQuery()) + " HTTP/1.1\r\n"
                + "Host: " + url.getRawAuthority() + "\r\n"
                + "User-Agent: Ringfence\r\n"
                + "Connection: close\r\n"
                + "Content-Type: application/json\r\n"
                + "Content-Length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n"
                + "webhook-id: " + id + "\r\n"
                + "webhook-timestamp: " + timestamp + "\r\n"
                + "webhook-signature: "
                + endpoint.secrets().stream()
                        .map(secret -> secret.sign(id, timestamp, body))
                        .collect(Collectors.joining(" "))
                + "\r\n\r\n" + body;
    }

    private static int status(InputStream answer) throws IOException {
        var line = new StringBuilder();
        for (int next = answer.read(); next != '\n'; next = answer.read()) {
            if (next == -1 || line.length() == LONGEST_LINE) {
                throw new Failed("what it answered is no HTTP");
            }
            line.append((char) next);
        }
        var status = STATUS.matcher(line.toString().stripTrailing());
        if (!status.matches()) {
            throw new Failed("what it answered is no HTTP");
        }
        return Integer.parseInt(status.group(1));
    }
}
