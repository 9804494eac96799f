package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(WholeService.FewConnections.class)
class FewConnectionsTest {
    private static final String LIVE = "GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

    @TestHTTPResource(tls = true)
    URI tls = URI.create("");

    /** They had as many as they liked, until jobs found no descriptor left. */
    @Test
    void moreConnectionsThanThereMayBeAreClosedAtOnce() throws IOException {
        var held = new ArrayList<Socket>();
        try {
            for (int i = 0; i < WholeService.FewConnections.MOST; i++) {
                // One that was closed just before may still be counted.
                await().until(() -> isHeld(held));
            }

            assertThat(isServed()).isFalse();
            held.getFirst().close();
            await().until(FewConnectionsTest::isServed);
        } finally {
            for (var socket : held) {
                socket.close();
            }
        }
    }

    @Test
    void aConnectionOnWhichNothingWasSentIsClosedSomeTimeLater() throws IOException {
        try (var socket = SlowBodiesTest.connect()) {
            assertThat(SlowBodiesTest.heard(socket, "the end")).isEmpty();
        }
    }

    /** The answer is awaited no longer. */
    @Test
    void aConnectionIsClosedSomeTimeAfterItsLastAnswer() throws IOException {
        try (var socket = SlowBodiesTest.connect()) {
            SlowBodiesTest.send(socket.getOutputStream(), LIVE);

            // To the connection's end.
            assertThat(SlowBodiesTest.heard(socket, "the end")).startsWith("HTTP/1.1 200 ");
        }
    }

    /** A model that thinks for longer lost its client, and its job with it. */
    @Test
    void whoeverWaitsForAnAnswerIsNotCutOff() throws IOException {
        var body = Api.shell("sleep 7").toString();
        try (var socket = SlowBodiesTest.connect()) {
            SlowBodiesTest.send(
                    socket.getOutputStream(),
                    SlowBodiesTest.head(body.length()).replace("\r\n\r\n", "\r\nPrefer: wait=120\r\n\r\n") + body);

            assertThat(SlowBodiesTest.heard(socket, "the end"))
                    .startsWith("HTTP/1.1 20")
                    .contains("completed");
        }
    }

    @Test
    void whoeverWaitsForAnAnswerOverHttp2IsNotCutOffEither() throws Exception {
        var vertx = Vertx.vertx();
        var client = OverTls.http2(vertx, tls, new HttpClientOptions());
        try {
            var answer = client.request(new RequestOptions()
                            .setMethod(HttpMethod.POST)
                            .setURI(Api.JOBS)
                            .putHeader("Content-Type", "application/json")
                            .putHeader("Prefer", "wait=120"))
                    .compose(request -> request.send(Api.shell("sleep 7").toString()))
                    .compose(HttpClientResponse::body);

            assertThat(answer.toCompletionStage()
                            .toCompletableFuture()
                            .get(2, TimeUnit.MINUTES)
                            .toString())
                    .contains("completed");
        } finally {
            client.close().toCompletionStage().toCompletableFuture().join();
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    /** Its bytes moved all the time, and yet it was cut off in the middle, each time it came back. */
    @Test
    void whoeverTakesLongForALargeEventIsNotCutOff() throws IOException {
        var job = Api.shell("cat");
        job.withObject("arguments").put("stdin", "x".repeat(3 << 20));
        var id = Api.run(job).getString("id");
        try (var socket = new Socket()) {
            socket.setReceiveBufferSize(64 << 10);
            socket.setSoTimeout(120_000);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), RestAssured.port));
            SlowBodiesTest.send(
                    socket.getOutputStream(),
                    "GET " + Api.JOBS + "/" + id + "/events HTTP/1.1\r\nHost: localhost\r\n"
                            + "Accept: text/event-stream\r\nConnection: close\r\n\r\n");

            var heard = new ByteArrayOutputStream();
            // For some ten seconds, while the idle time is three.
            await().pollInterval(100, TimeUnit.MILLISECONDS).until(() -> {
                var some = socket.getInputStream().readNBytes(32 << 10);
                heard.writeBytes(some);
                return some.length == 0;
            });

            assertThat(heard.size()).isGreaterThan(3 << 20);
            assertThat(heard.toString(StandardCharsets.UTF_8))
                    .contains("last_event")
                    .endsWith("\r\n0\r\n\r\n");
        }
    }

    /** With the beginning of a body, whose rest the service waits for. */
    private static boolean isHeld(List<Socket> held) throws IOException {
        var socket = SlowBodiesTest.connect();
        try {
            SlowBodiesTest.send(socket.getOutputStream(), LIVE + SlowBodiesTest.head(200) + "{");
            if (SlowBodiesTest.heard(socket, "\r\n\r\n").startsWith("HTTP/1.1 200 ")) {
                held.add(socket);
                return true;
            }
        } catch (SocketException closed) {
            // As when it was one too many.
        }
        socket.close();
        return false;
    }

    private static boolean isServed() throws IOException {
        try (var socket = SlowBodiesTest.connect()) {
            SlowBodiesTest.send(socket.getOutputStream(), LIVE);
            return SlowBodiesTest.heard(socket, "\r\n\r\n").startsWith("HTTP/1.1 200 ");
        } catch (SocketException closed) {
            return false;
        }
    }
}
