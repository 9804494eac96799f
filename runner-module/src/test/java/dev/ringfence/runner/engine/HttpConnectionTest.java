package dev.ringfence.runner.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.runner.engine.HttpConnection.ProtocolException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpConnectionTest {
    private static final long MAX_BODY = 1000;
    private static final String CHUNKED = String.join(
            "\r\n",
            "HTTP/1.1 200 OK",
            "Transfer-Encoding: chunked",
            "",
            "5",
            "hello",
            "A;name=value",
            ", wörld!\n",
            "0",
            "Trailer: x",
            "",
            "");
    private static final String FIXED = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nhello, wörld!\n";

    @TempDir
    Path directory;

    @Test
    void theRequestIsWhatAServerExpectsAndTheAnswerIsRead() throws Exception {
        // Given
        try (var server = new ScriptedServer(directory, client -> ScriptedServer.send(client, FIXED));
                var connection = HttpConnection.open(server.socket())) {

            // When
            var response = connection.postJson("/v1/x", "{\"a\":\"ö\"}".getBytes(UTF_8), MAX_BODY);

            // Then
            assertThat(response.status()).isEqualTo(200);
            assertThat(new String(response.body().readAllBytes(), UTF_8)).isEqualTo("hello, wörld!\n");
            assertThat(server.request().get(2, MINUTES))
                    .startsWith("POST /v1/x HTTP/1.1\r\nHost: localhost\r\n")
                    .contains("\r\nContent-Length: 10\r\n")
                    .endsWith("\r\n\r\n{\"a\":\"ö\"}");
        }
    }

    @Test
    void anAnswerIsTheSameWhereverItIsSplit() throws Exception {
        var bytes = CHUNKED.getBytes(UTF_8);
        for (int split = 0; split <= bytes.length; split++) {
            // Given
            var connection = new HttpConnection(new Pieces(bytes, split));

            // When
            var response = connection.get("/", MAX_BODY);

            // Then
            assertThat(new String(response.body().readAllBytes(), UTF_8))
                    .as("split at %d", split)
                    .isEqualTo("hello, wörld!\n");
        }
    }

    @Test
    void anAnswerThatArrivesByteByByteIsTheSame() throws Exception {
        // Given
        try (var server = new ScriptedServer(directory, HttpConnectionTest::sendByteByByte);
                var connection = HttpConnection.open(server.socket())) {

            // When
            var body = connection.get("/", MAX_BODY).body().readAllBytes();

            // Then
            assertThat(new String(body, UTF_8)).isEqualTo("hello, wörld!\n");
        }
    }

    @Test
    void anAnswerThatBreaksOffAnywhereIsAnErrorAndNeverAShortAnswer() throws Exception {
        for (var answer : new String[] {CHUNKED, FIXED}) {
            var bytes = answer.getBytes(UTF_8);
            for (int end = 0; end < bytes.length; end++) {
                // Given
                var cut = new Pieces(Arrays.copyOf(bytes, end), 0);
                var connection = new HttpConnection(cut);

                // Then
                assertThatThrownBy(() -> connection.get("/", MAX_BODY).body().readAllBytes())
                        .as("cut at %d", end)
                        .isInstanceOf(EOFException.class);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SSH-2.0-OpenSSH_9.2\r\n\r\n",
                "HTTP/2 200\r\n\r\n",
                "HTTP/1.1 abc\r\n\r\n",
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n"
            })
    void whatIsNotHttpIsNamed(String answer) {
        // Given
        var connection = new HttpConnection(new Pieces(answer.getBytes(UTF_8), 0));

        // Then
        assertThatThrownBy(() -> connection.get("/", MAX_BODY).body().readAllBytes())
                .isInstanceOf(ProtocolException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 O",
                "HTTP/1.1 200 OK\r\nX: ",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
                "HTTP/1.1 200 OK\r\n\r\n"
            })
    void whatHasNoEndIsGivenUp(String beginning) throws Exception {
        // Given
        try (var server = new ScriptedServer(directory, client -> sendForEver(client, beginning))) {

            // Then
            assertThatThrownBy(() -> readAll(server.socket())).isInstanceOf(ProtocolException.class);
            server.hungUp().get(2, MINUTES);
        }
    }

    @Test
    void aServerThatOnlyPromisesAnAnswerIsGivenUp() {
        // Given
        var connection = new HttpConnection(
                new Pieces("HTTP/1.1 100 Continue\r\n\r\n".repeat(100).getBytes(UTF_8), 0));

        // Then
        assertThatThrownBy(() -> connection.get("/", MAX_BODY)).isInstanceOf(ProtocolException.class);
    }

    @Test
    void closingEndsAReadThatWaitsForAServerThatNeverAnswers() throws Exception {
        // Given
        try (var server = new ScriptedServer(directory, ScriptedServer::awaitHangUp)) {
            var connection = HttpConnection.open(server.socket());
            var reading = new FutureTask<>(() -> connection.get("/", MAX_BODY));
            Thread.ofVirtual().start(reading);
            server.request().get(2, MINUTES);

            // When
            connection.close();

            // Then
            assertThatThrownBy(() -> reading.get(2, MINUTES)).hasCauseInstanceOf(IOException.class);
            server.hungUp().get(2, MINUTES);
        }
    }

    @Test
    void aSocketThatIsNotThereIsAnError() {
        assertThatThrownBy(() -> HttpConnection.open(directory.resolve("none.sock")))
                .isInstanceOf(IOException.class);
    }

    private static byte[] readAll(Path socket) throws IOException {
        try (var connection = HttpConnection.open(socket)) {
            return connection.get("/", MAX_BODY).body().readAllBytes();
        }
    }

    private static void sendByteByByte(SocketChannel client) throws IOException {
        for (byte one : CHUNKED.getBytes(UTF_8)) {
            client.write(ByteBuffer.wrap(new byte[] {one}));
        }
    }

    private static void sendForEver(SocketChannel client, String beginning) throws IOException {
        ScriptedServer.send(client, beginning);
        var more = "x".repeat(1000);
        while (true) {
            ScriptedServer.send(client, more);
        }
    }

    /** Gives all bytes up to the split, then the others one by one; takes whatever is written. */
    private static final class Pieces implements ByteChannel {
        private final byte[] bytes;
        private final int split;
        private int position;

        Pieces(byte[] bytes, int split) {
            this.bytes = bytes;
            this.split = split;
        }

        @Override
        public int read(ByteBuffer target) {
            if (position == bytes.length) {
                return -1;
            }
            int count = position < split ? split - position : 1;
            target.put(bytes, position, count);
            position += count;
            return count;
        }

        @Override
        public int write(ByteBuffer source) {
            int count = source.remaining();
            source.position(source.limit());
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
