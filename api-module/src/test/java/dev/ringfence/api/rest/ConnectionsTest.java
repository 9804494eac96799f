package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@TestProfile(WholeService.WithTls.class)
class ConnectionsTest {
    private static final String LIVE = "GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n";

    /** The body of a request that asked for it was kept in memory, and had no bound. */
    @Test
    void aConnectionWithoutTlsStaysOneOfHttp1() throws IOException {
        try (var socket = SlowBodiesTest.connect()) {
            SlowBodiesTest.send(
                    socket.getOutputStream(),
                    LIVE + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                            + "HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 0\r\n\r\n" + LIVE
                            + "Connection: close\r\n\r\n");

            assertThat(SlowBodiesTest.heard(socket, "the end"))
                    .startsWith("HTTP/1.1 200 ")
                    .containsSubsequence("HTTP/1.1 200 ", "HTTP/1.1 200 ");
        }
    }

    @Test
    void whoeverBeginsWithHttp2WithoutTlsIsRefused() throws IOException {
        try (var socket = SlowBodiesTest.connect()) {
            SlowBodiesTest.send(socket.getOutputStream(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

            assertThat(SlowBodiesTest.heard(socket, "\r\n\r\n")).contains(" 400 Bad Request", "Connection: close");
        }
    }

    /** As tokens of identity providers are that tell much of their owner. */
    @Test
    void aHeadWithALongTokenIsRead() throws IOException {
        assertThat(answer("Authorization: Bearer " + "x".repeat(6 * 1024) + "\r\n"))
                .startsWith("HTTP/1.1 200 ");
    }

    /** Each of the shortest lines needs much more memory than it has bytes. The ends of lines are not counted. */
    @ParameterizedTest
    @ValueSource(strings = {"a:\r\n", "Authorization: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"})
    void aHeadOfMoreThan8KiBIsRefused(String line) throws IOException {
        assertThat(answer(line.repeat(9 * 1024 / line.strip().length()))).startsWith("HTTP/1.1 431 ");
    }

    private static String answer(String lines) throws IOException {
        try (var socket = SlowBodiesTest.connect()) {
            SlowBodiesTest.send(socket.getOutputStream(), LIVE + lines + "Connection: close\r\n\r\n");
            return SlowBodiesTest.heard(socket, "\r\n");
        }
    }
}
