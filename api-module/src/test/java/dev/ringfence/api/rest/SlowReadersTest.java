package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Clients that ask for much and read none of it. */
@QuarkusTest
@TestProfile(WholeService.class)
class SlowReadersTest {
    static final int LARGE = 7 << 20;
    private static final int READERS = 40;

    /** What the service may keep of an answer on its way to one of them, and what it needs for itself. */
    private static final long ROOM = READERS * (512L << 10);

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
            assertThat(whole.asByteArray()).hasSize(LARGE).containsOnly('x');
        } finally {
            close(readers);
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
