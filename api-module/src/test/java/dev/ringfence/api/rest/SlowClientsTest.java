package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.StreamResetException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(WholeService.Impatient.class)
class SlowClientsTest {
    private static final int READERS = 48;
    private static final int STALLED = 2;

    @TestHTTPResource(tls = true)
    URI tls = URI.create("");

    @Test
    void silenceIsFilledWithComments() throws IOException {
        var id = Api.submit(Api.shell("sleep 300"));
        try (var socket = watch(id, "0")) {
            var lines = socket.getInputStream();
            var heard = new StringBuilder();

            await().until(() -> {
                heard.append(new String(lines.readNBytes(1), StandardCharsets.UTF_8));
                heard.append(new String(lines.readNBytes(lines.available()), StandardCharsets.UTF_8));
                return heard.toString().contains(":still here");
            });
        } finally {
            Api.cancel(id);
        }
    }

    @Test
    void aSmallBodyThatDoesNotComeToItsEndIsRefused() throws IOException {
        try (var socket = SlowBodiesTest.connect()) {
            SlowBodiesTest.send(socket.getOutputStream(), SlowBodiesTest.head(200) + "{");

            assertThat(SlowBodiesTest.heard(socket, "incomplete-body"))
                    .startsWith("HTTP/1.1 400 ")
                    .contains("/problems/incomplete-body");
        }
    }

    @Test
    void whoeverTakesNothingIsCutOffAndGoesOnWithoutGapOrRepeat() throws Exception {
        var id = Api.submit(
                Api.shell("sleep 0.5; for i in $(seq 120); do head -c 10000 /dev/zero | tr '\\0' x; echo; done"));
        var others = new ConcurrentHashMap<Integer, List<String>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < READERS; i++) {
                int reader = i;
                threads.execute(() -> others.put(reader, all(id, new ArrayList<>())));
            }
        }
        Api.awaitState(id, "completed");
        var cutOff = new ArrayList<List<String>>();
        var stalled = new ArrayList<Socket>();
        try {
            for (int i = 0; i < STALLED; i++) {
                stalled.add(watch(id, "0"));
            }
            for (var socket : stalled) {
                await().until(() -> connections(socket.getLocalPort()) == 0);
                cutOff.add(ids(rest(socket)));
            }
        } finally {
            for (var socket : stalled) {
                socket.close();
            }
        }
        var whole = all(id, new ArrayList<>());

        assertThat(whole)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, whole.size())
                        .mapToObj(Integer::toString)
                        .toList());
        assertThat(cutOff).hasSize(STALLED).allSatisfy(before -> {
            assertThat(before).isNotEmpty().hasSizeLessThan(whole.size());
            assertThat(all(id, new ArrayList<>(before))).isEqualTo(whole);
        });
        assertThat(others)
                .hasSize(READERS)
                .allSatisfy((_, heard) -> assertThat(heard).isEqualTo(whole));
    }

    @Test
    void aJobGoesOnWhoseStreamedSubmissionWasCutOff() throws Exception {
        var body = Api.shell(
                        "for i in $(seq 120); do head -c 10000 /dev/zero | tr '\\0' x; echo; done; sleep 3; echo end")
                .toString();
        try (var socket = connection()) {
            socket.getOutputStream()
                    .write(("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    + "Accept: text/event-stream\r\nContent-Length: " + body.length() + "\r\n\r\n"
                                    + body)
                            .getBytes(StandardCharsets.US_ASCII));
            await().until(() -> connections(socket.getLocalPort()) == 0);
            var taken = rest(socket);
            var id = id(taken);

            Api.awaitState(id, "completed");
            var before = ids(taken);
            var whole = all(id, new ArrayList<>(before));
            assertThat(whole)
                    .hasSizeGreaterThan(before.size())
                    .containsExactlyElementsOf(IntStream.rangeClosed(1, whole.size())
                            .mapToObj(Integer::toString)
                            .toList());
        }
    }

    @Test
    void whoeverTakesNothingOfAFileIsCutOff() throws Exception {
        cutsOff(SlowReadersTest.leftFile());
    }

    @Test
    void whoeverTakesNothingOfALargeAnswerIsCutOff() throws Exception {
        cutsOff(Api.JOBS + "/" + Api.submit(SlowReadersTest.large()));
    }

    private static void cutsOff(String path) throws IOException {
        try (var socket = connection()) {
            socket.getOutputStream().write(get(path).getBytes(StandardCharsets.US_ASCII));

            assertThat(SlowBodiesTest.heard(socket, "\r\n")).startsWith("HTTP/1.1 200 ");
            await().until(() -> connections(socket.getLocalPort()) == 0);
            assertThat(rest(socket)).hasSizeLessThan(SlowReadersTest.LARGE);
        }
    }

    /** Its other streams went with it, and the jobs that they had submitted were cancelled. */
    @Test
    void aReaderOfHttp2ThatTakesNothingLosesThatStreamAndNoOther() throws Exception {
        var vertx = Vertx.vertx();
        var client = OverTls.http2(
                vertx,
                tls,
                new HttpClientOptions()
                        .setHttp2MaxPoolSize(1)
                        // So that what is not read of one stream leaves room for the other.
                        .setHttp2ConnectionWindowSize(8 << 20));
        try {
            var heard = new AtomicReference<>("");
            var read = stream(
                    client,
                    Api.shell("sleep 300"),
                    response -> response.handler(more -> heard.updateAndGet(before -> before + more)));
            await().until(() -> heard.get().contains("event:started"));
            var running = id(heard.get());

            var cut = new CompletableFuture<Throwable>();
            var stalled = stream(
                    client,
                    Api.shell("for i in $(seq 120); do head -c 10000 /dev/zero | tr '\\0' x; echo; done; sleep 300"),
                    response -> response.exceptionHandler(cut::complete).pause());

            assertThat(cut.get(2, TimeUnit.MINUTES))
                    .isInstanceOfSatisfying(
                            StreamResetException.class,
                            reset -> assertThat(reset.getCode()).isEqualTo(8));
            assertThat(stalled.request().connection()).isSameAs(read.request().connection());
            // Whoever was cut off is not one who went away, and the other stream tells on.
            assertThat(started()).hasSize(2).contains(running);
            Api.cancel(running);
            await().until(() -> heard.get().contains("event:cancelled"));
            assertThat(heard.get()).contains("cancelled by request");
            assertThat(started()).singleElement().satisfies(Api::cancel);
        } finally {
            client.close().toCompletionStage().toCompletableFuture().join();
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    private static List<String> started() {
        return given().queryParam("state", "started")
                .get(Api.JOBS)
                .then()
                .extract()
                .path("jobs.id");
    }

    private static HttpClientResponse stream(
            HttpClient client, ObjectNode job, Function<HttpClientResponse, HttpClientResponse> reading)
            throws Exception {
        return client.request(new RequestOptions()
                        .setMethod(HttpMethod.POST)
                        .setHost("localhost")
                        .setURI(Api.JOBS)
                        .putHeader("Content-Type", "application/json")
                        .putHeader("Accept", "text/event-stream"))
                .compose(request -> request.send(job.toString()))
                .map(reading)
                .toCompletionStage()
                .toCompletableFuture()
                .get(2, TimeUnit.MINUTES);
    }

    /** Of the job whose events these are. */
    private static String id(String events) {
        return events.replaceFirst("(?s).*?\"id\":\"([^\"]+)\".*", "$1");
    }

    /** Reads to the end, and goes on where it was whenever it is cut off. */
    private static List<String> all(String id, List<String> heard) {
        for (int connection = 0; connection < 100; connection++) {
            try (var socket = watch(id, heard.isEmpty() ? "0" : heard.getLast())) {
                var text = rest(socket);
                heard.addAll(ids(text));
                if (text.contains("event:completed")) {
                    return heard;
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        throw new AssertionError("cut off again and again after " + heard.size() + " events");
    }

    /** With a window so small that the service notices soon that nobody reads. */
    static Socket connection() throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.setSoTimeout(120_000);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), RestAssured.port));
        return socket;
    }

    static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }

    private static Socket watch(String id, String after) throws IOException {
        var socket = connection();
        socket.getOutputStream()
                .write(("GET /api/v1/jobs/" + id + "/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + after
                                + "\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** How many connections the service has with a port of this host, as the kernel tells. */
    private static long connections(int port) throws IOException {
        var ours = "0100007F:%04X".formatted(RestAssured.port);
        var theirs = "0100007F:%04X".formatted(port);
        try (var lines = Files.lines(Path.of("/proc/net/tcp6"))) {
            return lines.filter(line -> line.contains(ours + " 0000000000000000FFFF0000" + theirs + " 01"))
                    .count();
        }
    }

    /** What had arrived before the connection was cut. */
    private static String rest(Socket socket) throws IOException {
        var text = new StringBuilder();
        var buffer = new byte[1 << 16];
        try {
            for (int read = socket.getInputStream().read(buffer);
                    read > 0;
                    read = socket.getInputStream().read(buffer)) {
                text.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
            }
        } catch (IOException cut) {
            // A connection that is reset tells no more.
        }
        return text.toString();
    }

    /** Of the events that came whole. */
    private static List<String> ids(String text) {
        var ids = new ArrayList<String>();
        var id = "";
        for (var line : text.split("\r?\n", -1)) {
            if (line.startsWith("id:")) {
                id = line.substring(3).strip();
            } else if (line.isEmpty() && !id.isEmpty()) {
                ids.add(id);
                id = "";
            }
        }
        return ids;
    }
}
