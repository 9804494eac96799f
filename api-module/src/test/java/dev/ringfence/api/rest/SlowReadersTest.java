package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that ask for much and read none of it. */
@QuarkusTest
@TestProfile(WholeService.Patient.class)
class SlowReadersTest {
    static final int LARGE = 7 << 20;
    private static final int READERS = 40;

    /** What the service may keep of an answer on its way to one of them, and what it needs for itself. */
    private static final long ROOM = READERS * (512L << 10);

    @TestHTTPResource(tls = true)
    URI tls = URI.create("");

    @Test
    void filesThatNobodyReadsAreNotKeptInMemory() throws Exception {
        var path = leftFile();
        var readers = new ArrayList<Socket>();
        long before = direct();
        try {
            for (int i = 0; i < READERS; i++) {
                readers.add(ask(path));
            }
            for (var reader : readers) {
                assertThat(status(reader)).isEqualTo("HTTP/1.1 200 OK");
            }

            assertThat(direct() - before).isLessThan(ROOM);
            var whole = given().get(path).then().statusCode(200).extract();
            assertThat(whole.header("Content-Length")).isEqualTo(Integer.toString(LARGE));
            given().head(path).then().header("Content-Length", Integer.toString(LARGE));
            assertThat(whole.headers().getValues("Content-Length")).hasSize(1);
            assertThat(whole.asByteArray()).hasSize(LARGE).containsOnly('x');
        } finally {
            close(readers);
        }
    }

    @Test
    void answersThatNobodyReadsAreBounded() throws Exception {
        var path = Api.JOBS + "/" + Api.submit(large());
        long most = Runtime.getRuntime().maxMemory() / 16 / LARGE + 2;
        var readers = new ArrayList<Socket>();
        try {
            while (readers.size() < most) {
                var reader = ask(path);
                readers.add(reader);
                if (!status(reader).equals("HTTP/1.1 200 OK")) {
                    break;
                }
            }

            Api.isProblem(given().get(path).then(), 503, "too-many-answers").header("Retry-After", notNullValue());
            given().get(Api.JOBS).then().statusCode(200);
            // What was done is told, though not all of it.
            var submitted =
                    Api.sending(large().toString()).post(Api.JOBS).then().statusCode(202);
            submitted.body("left_out", equalTo(List.of("arguments"))).body("id", notNullValue());
        } finally {
            close(readers);
        }
        await().until(() -> given().get(path).statusCode() == 200);
        assertThat(given().get(path).jsonPath().getString("arguments.stdin")).hasSize(LARGE);
    }

    /** It was written by a thread that waited for the client, of which there are not many. */
    @ParameterizedTest
    @ValueSource(strings = {Api.JOBS + "/nobody", Api.JOBS + "?limit=0", Api.JOBS, "/v1/models"})
    void aSmallAnswerThatNobodyReadsOverHttp2HoldsNoThread(String path) throws Exception {
        var vertx = Vertx.vertx();
        var client = OverTls.http2(
                vertx, tls, new HttpClientOptions().setInitialSettings(new Http2Settings().setInitialWindowSize(0)));
        try {
            var answer = client.request(HttpMethod.GET, path)
                    .compose(HttpClientRequest::send)
                    .toCompletionStage()
                    .toCompletableFuture();

            assertThat(answer.get(2, TimeUnit.MINUTES).statusCode()).isBetween(200, 404);
        } finally {
            client.close().toCompletionStage().toCompletableFuture().join();
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    /** The bytes outside of the heap, where all lies that is on its way to a socket. */
    private static long direct() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .findFirst()
                .orElseThrow()
                .getMemoryUsed();
    }

    /** The path of a large file that a job left. */
    static String leftFile() {
        var id = Api.run(Api.shell("head -c " + LARGE + " /dev/zero | tr '\\0' x > $RINGFENCE_OUTPUT/f"))
                .getString("id");
        return Api.JOBS + "/" + id + "/artifacts/f";
    }

    /** A job whose answers are large. */
    static ObjectNode large() {
        var job = Api.shell("true");
        ((ObjectNode) job.get("arguments")).put("stdin", "x".repeat(LARGE));
        return job;
    }

    private static Socket ask(String path) throws IOException {
        var socket = SlowClientsTest.connection();
        socket.getOutputStream().write(SlowClientsTest.get(path).getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static String status(Socket socket) throws IOException {
        return SlowBodiesTest.heard(socket, "\r\n").strip();
    }

    private static void close(List<Socket> sockets) throws IOException {
        for (var socket : sockets) {
            socket.close();
        }
    }
}
