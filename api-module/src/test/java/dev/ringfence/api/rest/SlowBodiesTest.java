package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@TestProfile(WholeService.WithTls.class)
class SlowBodiesTest {
    /** More than the service has threads for requests that it reads. */
    private static final int DAWDLERS = 300;

    /** More than the bodies that it reads in such threads, and fewer than it takes of one connection. */
    private static final int DAWDLING_STREAMS = 80;

    private static final String JOB = Api.shell("true").toString();

    @TestHTTPResource(tls = true)
    URI tls = URI.create("");

    /** Small ones are read apart from those that are longer or do not say how long they are. */
    @ParameterizedTest
    @ValueSource(ints = {0, 64 * 1024})
    void aBodyThatComesInPiecesIsTakenWhole(int filling) throws IOException {
        var body = JOB + " ".repeat(filling);
        try (var socket = connect()) {
            var out = socket.getOutputStream();
            send(out, head(body.length()));
            for (int at = 0; at < body.length(); ) {
                int end = Math.min(body.length(), at + Math.max(1, body.length() / 5));
                send(out, body.substring(at, end));
                at = end;
            }

            assertThat(heard(socket, "\r\n\r\n")).startsWith("HTTP/1.1 202 ");
        }
    }

    @Test
    void requestsThatAreSentAtOnceAreAnsweredOneByOne() throws IOException {
        try (var socket = connect()) {
            var one = head(JOB.length()) + JOB;

            send(socket.getOutputStream(), one + one.replace("POST ", "PUT ") + one.replace("keep-alive", "close"));

            assertThat(heard(socket, "the end")).containsSubsequence("HTTP/1.1 202 ", "HTTP/1.1 405 ", "HTTP/1.1 202 ");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 64 * 1024})
    void whoeverDawdlesWithABodyKeepsNobodyFromBeingServed(int length) throws IOException {
        var dawdlers = new ArrayList<Socket>();
        try {
            for (int i = 0; i < DAWDLERS; i++) {
                var socket = connect();
                dawdlers.add(socket);
                send(socket.getOutputStream(), head(length) + "{");
            }

            Api.submit(Api.shell("true"));

            int answered = 0;
            for (var socket : dawdlers) {
                if (socket.getInputStream().available() > 0) {
                    answered++;
                    assertThat(heard(socket, "moment"))
                            .startsWith("HTTP/1.1 503 ")
                            .contains("Retry-After", "/problems/too-many-bodies");
                }
            }
            // Small ones wait for their clients; of the large ones, as many as are read at a time.
            assertThat(answered).isLessThanOrEqualTo(length == 200 ? 0 : DAWDLERS - 64);
        } finally {
            for (var socket : dawdlers) {
                socket.close();
            }
        }
    }

    @Test
    void whoeverDawdlesOverHttp2KeepsNobodyFromBeingServed() throws Exception {
        var vertx = Vertx.vertx();
        var client = OverTls.http2(vertx, tls, new HttpClientOptions().setHttp2MultiplexingLimit(2 * DAWDLING_STREAMS));
        try {
            for (int i = 0; i < DAWDLING_STREAMS; i++) {
                get(client.request(submission()))
                        .putHeader("Content-Length", "200")
                        .write("{");
            }

            for (int i = 0; i < 3; i++) {
                var request = get(client.request(submission()));
                var answer = get(request.send(Buffer.buffer(JOB)));
                assertThat(answer.statusCode()).isEqualTo(202);
                get(answer.end());
            }
        } finally {
            get(client.close());
            get(vertx.close());
        }
    }

    @Test
    void aLargeBodyHasToComeAtAPaceAfterTheFirstMinute() {
        BodyLimit.checkPace(Duration.ofSeconds(59).toNanos(), 1);
        BodyLimit.checkPace(Duration.ofSeconds(90).toNanos(), 1 << 20);

        assertThatThrownBy(() -> BodyLimit.checkPace(Duration.ofSeconds(90).toNanos(), 45))
                .isInstanceOf(BadRequest.class)
                .hasMessageContaining("45 bytes came within 90 s");
    }

    @Test
    void bodiesHaveAPartOfTheHeapTogether() throws Exception {
        var share = new HeapShare(4);
        long most = Runtime.getRuntime().maxMemory() / 4;

        assertThat(share.take(2 * most)).isEqualTo(most);
        assertThat(share.tryTake(1)).isFalse();
        var waiting = CompletableFuture.supplyAsync(() -> share.take(10));
        share.giveBack(most);

        assertThat(waiting.get(2, TimeUnit.MINUTES)).isEqualTo(10);
        assertThat(share.tryTake(most - 10)).isTrue();
    }

    private static RequestOptions submission() {
        return new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost("localhost")
                .setURI(Api.JOBS)
                .putHeader("Content-Type", "application/json");
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(2, TimeUnit.MINUTES);
    }

    /** What is answered up to these words, or to the connection's end. */
    static String heard(Socket socket, String end) throws IOException {
        var heard = new StringBuilder();
        for (int next = socket.getInputStream().read();
                next >= 0;
                next = heard.indexOf(end) < 0 ? socket.getInputStream().read() : -1) {
            heard.append((char) next);
        }
        return heard.toString();
    }

    static Socket connect() throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), RestAssured.port);
        socket.setSoTimeout(120_000);
        return socket;
    }

    static String head(int length) {
        return head(length, "");
    }

    static String head(int length, String more) {
        return "POST " + Api.JOBS + " HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n"
                + "Content-Type: application/json\r\n" + more + "Content-Length: " + length + "\r\n\r\n";
    }

    static void send(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }
}
