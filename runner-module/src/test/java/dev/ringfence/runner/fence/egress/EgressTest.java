package dev.ringfence.runner.fence.egress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ringfence.catalog.SandboxProfile.Destination;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.runner.OtherJvm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real proxy between real sockets. */
class EgressTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private static final String ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

    private final List<Refusal> heard = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (var one : open.reversed()) {
            one.close();
        }
    }

    @Test
    void aTunnelToAListedAddressCarriesBytesBothWaysAndEachSideMayFinishFirst() throws Exception {
        var origin = origin();
        var egress = egress(EgressLimits.DEFAULT, listed(origin));
        var client = client(egress);

        send(client, "CONNECT 127.0.0.1:" + origin.getLocalPort() + " HTTP/1.1\r\nHost: x\r\n\r\nearly");
        var accepted = accept(origin);
        assertThat(new String(accepted.getInputStream().readNBytes(5), ISO_8859_1))
                .isEqualTo("early");
        send(client, " late");
        client.shutdownOutput();
        assertThat(new String(accepted.getInputStream().readAllBytes(), ISO_8859_1))
                .isEqualTo(" late");
        accepted.getOutputStream().write("answer".getBytes(ISO_8859_1));
        accepted.shutdownOutput();

        assertThat(all(client)).isEqualTo("HTTP/1.1 200 Connection established\r\n\r\nanswer");
        assertThat(egress.usage()).isEqualTo(new EgressUsage(1, 10, 6, 0, List.of()));
    }

    @Test
    void aLotOfDataArrivesWholeThoughTheReaderIsSlow() throws Exception {
        var origin = origin();
        var egress = egress(EgressLimits.DEFAULT, listed(origin));
        var client = client(egress);
        send(client, "CONNECT 127.0.0.1:" + origin.getLocalPort() + " HTTP/1.1\r\n\r\n");
        var accepted = accept(origin);
        byte[] much = new byte[8 * 1024 * 1024];
        Thread.ofVirtual().start(() -> {
            try (accepted) {
                accepted.getOutputStream().write(much);
            } catch (IOException e) {
                heard.add(new Refusal("origin", e.toString()));
            }
        });

        assertThat(all(client)).hasSize(much.length + "HTTP/1.1 200 Connection established\r\n\r\n".length());
        assertThat(egress.usage().bytesReceived()).isEqualTo(much.length);
        assertThat(heard).isEmpty();
    }

    @Test
    void aProxyThatHadNoDescriptorLeftForAConnectionTakesItWhenThereIsOneAgain(@TempDir Path temporary)
            throws Exception {
        // A process of its own, since one without descriptors cannot even load a class.
        var command = OtherJvm.command(System.getProperty("java.class.path"), ScarceDescriptors.class);
        command.add(1, "-Djava.io.tmpdir=" + temporary);
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var said = process.inputReader();
                var told = process.outputWriter()) {
            OtherJvm.readTo("ready", said);
            OtherJvm.limitDescriptors(process, 3);
            told.append("connect\n").flush();
            OtherJvm.readTo("cannot take a connection now", said);

            OtherJvm.limitDescriptors(process, 1024);
            told.append("send\n").flush();

            OtherJvm.readTo("HTTP/1.1 403", said);
            OtherJvm.limitDescriptors(process, 3);
            told.append("open another\n").flush();

            OtherJvm.readTo("the proxy for job another could not be opened", said);
            assertThat(temporary).isEmptyDirectory();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void whatIsNotListedIsRefusedAndTold() throws Exception {
        var origin = origin();
        var egress = egress(EgressLimits.DEFAULT, listed(origin));

        assertThat(exchange(egress, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 403 ");
        assertThat(exchange(egress, "GET http://Never.Resolved.invalid/x HTTP/1.1\r\n\r\n"))
                .startsWith("HTTP/1.1 403 ")
                .endsWith("Never.Resolved.invalid:80 is refused: it is not in network.allowed_destinations\n");

        assertThat(heard).extracting(Refusal::destination).containsExactly("127.0.0.1:1", "Never.Resolved.invalid:80");
        assertThat(egress.usage()).isEqualTo(new EgressUsage(0, 0, 0, 2, heard));
    }

    @Test
    void aListedNameThatLeadsIntoTheHostIsRefusedUnlessTheAddressIsListedToo() throws Exception {
        var origin = origin();
        var name = new Destination("localhost", origin.getLocalPort(), "tcp");
        var request = "CONNECT LocalHost:" + origin.getLocalPort() + " HTTP/1.1\r\n\r\n";

        assertThat(exchange(egress(EgressLimits.DEFAULT, name), request))
                .startsWith("HTTP/1.1 403 ")
                .contains("a loopback address");
        assertThat(heard).hasSize(1);

        var client = client(egress(EgressLimits.DEFAULT, name, listed(origin)));
        send(client, request);
        accept(origin).close();
        assertThat(all(client)).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void aPlainRequestIsPassedOnWithoutWhatConcernsTheProxyAlone() throws Exception {
        var origin = origin();
        var client = client(egress(EgressLimits.DEFAULT, listed(origin)));

        send(client, """
                POST http://127.0.0.1:%d/path?q=1 HTTP/1.1
                Host: metadata.example
                Proxy-Authorization: Basic c2VjcmV0
                Proxy-Connection: keep-alive
                Connection: close, X-Hop
                X-Hop: 1
                X-Kept: yes
                Content-Length: 4

                body""".formatted(origin.getLocalPort()).replace("\n", "\r\n"));
        client.shutdownOutput();
        var accepted = accept(origin);
        var request = new String(accepted.getInputStream().readAllBytes(), ISO_8859_1);
        accepted.getOutputStream().write("HTTP/1.1 204 No Content\r\n\r\n".getBytes(ISO_8859_1));
        accepted.close();

        assertThat(request).isEqualTo("""
                POST /path?q=1 HTTP/1.1
                Host: 127.0.0.1:%d
                X-Kept: yes
                Content-Length: 4
                Connection: close

                body""".formatted(origin.getLocalPort()).replace("\n", "\r\n"));
        assertThat(all(client)).isEqualTo("HTTP/1.1 204 No Content\r\n\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1",
                "CONNECT 127.0.0.1 HTTP/1.1",
                "CONNECT 127.0.0.1:0 HTTP/1.1",
                "CONNECT 127.0.0.1:65536 HTTP/1.1",
                "CONNECT user@127.0.0.1:80 HTTP/1.1",
                "CONNECT 2130706433:80 HTTP/1.1",
                "GET https://127.0.0.1/ HTTP/1.1",
                "GET http://user@127.0.0.1/ HTTP/1.1",
                "GET http:///etc/passwd HTTP/1.1",
                "GET http://127.0.0.1/ HTTP/2",
                "GET http://127.0.0.1/\nX: 1 HTTP/1.1",
                "GET http://127.0.0.1/ HTTP/1.1\r\nNo-Colon",
                "GET http://127.0.0.1/ HTTP/1.1\r\n folded: 1",
                "GET http://127.0.0.1/ HTTP/1.1\r\nX : 1",
                "GET http://127.0.0.1/ HTTP/1.1\r\nX: a\nY: b",
                "GET http://127.0.0.1/ HTTP/1.1\r\nX: \0",
                "POST http://127.0.0.1/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
                "POST http://127.0.0.1/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2"
            })
    void whatCouldBeUnderstoodInTwoWaysIsMalformed(String head) throws Exception {
        var egress = egress(EgressLimits.DEFAULT, new Destination("127.0.0.1", 80, "tcp"));

        assertThat(exchange(egress, head + "\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void anEndlessHeadIsCutOff() throws Exception {
        var egress = egress(limits(64, Duration.ofMinutes(1), Duration.ofMinutes(1)));

        assertThat(exchange(egress, "GET http://127.0.0.1/ HTTP/1.1\r\nX: " + "x".repeat(5000)))
                .startsWith("HTTP/1.1 431 ");
    }

    @Test
    void aHeadThatDoesNotComeIsGivenUp() throws Exception {
        var egress = egress(limits(64, Duration.ofMillis(50), Duration.ofMinutes(1)));
        var client = client(egress);
        send(client, "CONNECT 127.0.0.1");

        assertThat(all(client)).startsWith("HTTP/1.1 408 ");
    }

    @Test
    void aConnectionOverWhichNothingMovesIsClosed() throws Exception {
        var origin = origin();
        var egress = egress(limits(64, Duration.ofMinutes(1), Duration.ofMillis(50)), listed(origin));
        var client = client(egress);
        send(client, "CONNECT 127.0.0.1:" + origin.getLocalPort() + " HTTP/1.1\r\n\r\n");
        var accepted = accept(origin);

        assertThat(all(client)).startsWith("HTTP/1.1 200 ");
        assertThat(accepted.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void oneConnectionTooManyIsTurnedAwayAndRoomIsMadeByAnEnd() throws Exception {
        var egress = egress(limits(2, Duration.ofMinutes(1), Duration.ofMinutes(1)));
        var first = client(egress);
        client(egress);

        assertThat(all(client(egress))).startsWith("HTTP/1.1 503 ");
        first.close();

        await().untilAsserted(() ->
                assertThat(exchange(egress, "GET / HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 400 "));
    }

    @Test
    void closingEndsBothSides() throws Exception {
        var origin = origin();
        var egress = egress(EgressLimits.DEFAULT, listed(origin));
        var client = client(egress);
        send(client, "CONNECT 127.0.0.1:" + origin.getLocalPort() + " HTTP/1.1\r\n\r\n");
        var accepted = accept(origin);
        var established = ByteBuffer.allocate(ESTABLISHED.length());
        while (established.hasRemaining() && client.read(established) >= 0) {
            // Until all of it is there.
        }
        assertThat(established.hasRemaining()).isFalse();

        egress.close();

        assertThat(all(client)).isEmpty();
        assertThat(accepted.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void aDestinationThatDoesNotAnswerIsABadGateway() throws Exception {
        var origin = origin();
        var destination = listed(origin);
        origin.close();

        assertThat(exchange(
                        egress(EgressLimits.DEFAULT, destination),
                        "CONNECT 127.0.0.1:" + destination.port() + " HTTP/1.1\r\n\r\n"))
                .startsWith("HTTP/1.1 502 ");
    }

    @Test
    void refusalsBeyondTheFirstAreOnlyCounted() throws Exception {
        var limits = new EgressLimits(8, 4096, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1), 2);
        var egress = egress(limits);
        for (int i = 1; i <= 5; i++) {
            exchange(egress, "CONNECT 192.0.2.1:" + i + " HTTP/1.1\r\n\r\n");
        }

        assertThat(heard).hasSize(2);
        assertThat(egress.usage().refused()).isEqualTo(5);
        assertThat(egress.usage().refusals()).isEqualTo(heard);
    }

    private static EgressLimits limits(int connections, Duration head, Duration idle) {
        return new EgressLimits(connections, 4096, head, Duration.ofMinutes(1), idle, 100);
    }

    private static Destination listed(ServerSocket origin) {
        return new Destination("127.0.0.1", origin.getLocalPort(), "tcp");
    }

    private JobEgress egress(EgressLimits limits, Destination... destinations) {
        var service = new Egress(limits);
        open.add(service);
        var egress = service.open(
                "test", EgressPolicy.of(new Network(NetworkAccess.RESTRICTED, List.of(destinations), 0)), heard::add);
        open.add(egress);
        return egress;
    }

    private ServerSocket origin() throws IOException {
        var origin = new ServerSocket(0, 10, LOOPBACK);
        origin.setSoTimeout(60_000);
        open.add(origin);
        return origin;
    }

    private Socket accept(ServerSocket origin) throws IOException {
        var accepted = origin.accept();
        accepted.setSoTimeout(60_000);
        open.add(accepted);
        return accepted;
    }

    private SocketChannel client(JobEgress egress) throws IOException {
        var client = SocketChannel.open(StandardProtocolFamily.UNIX);
        open.add(client);
        client.connect(UnixDomainSocketAddress.of(egress.socket()));
        return client;
    }

    private String exchange(JobEgress egress, String request) throws IOException {
        try (var client = client(egress)) {
            send(client, request);
            return all(client);
        }
    }

    private static void send(SocketChannel client, String text) throws IOException {
        client.write(ByteBuffer.wrap(text.getBytes(ISO_8859_1)));
    }

    private static String all(SocketChannel client) throws IOException {
        var all = new ByteArrayOutputStream();
        var buffer = ByteBuffer.allocate(4096);
        try {
            while (client.read(buffer) >= 0) {
                all.write(buffer.array(), 0, buffer.position());
                buffer.clear();
            }
        } catch (IOException e) {
            // A reset is an end as well, where bytes of ours were not read.
            return all.toString(ISO_8859_1);
        }
        return all.toString(ISO_8859_1);
    }
}
