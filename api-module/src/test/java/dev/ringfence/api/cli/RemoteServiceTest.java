package dev.ringfence.api.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong between a command and a service is told in a line, with what to do. */
class RemoteServiceTest {
    private static final String BEGUN = """
            HTTP/1.1 200 OK\r
            Content-Type: text/event-stream\r
            Transfer-Encoding: chunked\r
            \r
            """;
    private static final String STARTED = "event:started\ndata:{\"job\":{\"id\":\"6f1c\",\"state\":\"started\"}}\n\n";

    private record Ran(int code, String out, String err) {}

    @TempDir
    Path directory;

    /** The first by a service that died, the second by one that came to its end. */
    @ParameterizedTest
    @ValueSource(strings = {"", "0\r\n\r\n"})
    void aStreamThatBreaksOffSaysHowToGoOn(String last) throws IOException {
        var answer = BEGUN + Integer.toHexString(STARTED.length()) + "\r\n" + STARTED + "\r\n" + last;
        try (var service = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> answerOnce(service, answer));

            var ran = run("run", "ShellExec", "--url", "http://localhost:" + service.getLocalPort());

            assertThat(ran.code).isEqualTo(69);
            assertThat(ran.err)
                    .contains("broke off before the job ended", "`ringfence logs --follow 6f1c` goes on")
                    .doesNotContain("\tat ");
        }
    }

    private static void answerOnce(ServerSocket service, String answer) {
        try (var client = service.accept()) {
            var in = client.getInputStream();
            // All of the request has come when the end of its body has.
            for (int last = in.read(), before = 0; last >= 0 && !(before == '}' && last == '}'); last = in.read()) {
                before = last;
            }
            client.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** It was printed in the message of whoever took it for no header. */
    @ParameterizedTest
    @ValueSource(
            strings = {"rf_hidden\nrf_hidden\n", "rf_hidden rf_hidden", "rf_hidden\u00e9", "rf_\u0007hidden", "\n"})
    void aFileThatHoldsMoreThanAKeyIsRefusedWithoutShowingIt(String content) throws IOException {
        var file = Files.writeString(directory.resolve("key"), content);

        var ran = run("jobs", "--url", "http://localhost:1", "--key-file", file.toString());

        assertThat(ran.code).isEqualTo(78);
        assertThat(ran.err).contains(file.toString(), "one line").doesNotContain("hidden", "\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http:///x", "http://my_host:80", "http://localhost:65536", "ftp://localhost", "localhost"})
    void anAddressThatIsNoServicesIsAMistakeInTheCommand(String url) {
        var ran = run("jobs", "--url", url);

        assertThat(ran.code).isEqualTo(2);
        assertThat(ran.err).contains("--url is \"" + url + "\"").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} []                | Trailing",
                "{\"a\":1,\"a\":2}    | Duplicate",
                "{\"a\":1e999}        | /a: a number",
                "{\"a\":\"\\ud800\"}  | half of a character",
                "{\"a\":              | it is not JSON: line 1",
                "[]                   | it must be a JSON object, not array",
                "``                   | it must be a JSON object, not empty"
            })
    void argumentsAreReadAsStrictlyAsTheServiceReadsThem(String arguments, String complaint) {
        for (var place : new String[] {"--url=http://localhost:1", "--data=" + directory}) {
            var ran = run("run", "ShellExec", place, "--args", arguments);

            assertThat(ran.code).isEqualTo(2);
            assertThat(ran.err).contains("--args: ", complaint).doesNotContain("\tat ");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"NaN", "Infinity", "-Infinity"})
    void aDeadlineIsANumberOfSeconds(String deadline) {
        var ran = run("run", "ShellExec", "--url", "http://localhost:1", "--deadline", deadline);

        assertThat(ran.code).isEqualTo(2);
        assertThat(ran.err).contains("--deadline is " + deadline).doesNotContain("\tat ");
    }

    @Test
    void processesAreShownWithAllThatAnyOfThemHas() throws IOException {
        var out = new StringWriter();

        ServiceCommands.processes(new ObjectMapper()
                        .readTree("[{\"pid\": 1, \"job\": \"6f1c\"}, {\"pid\": 2, \"model\": \"tiny\", \"slots\": 4}]"))
                .print(new PrintWriter(out, true));

        assertThat(out.toString().lines().map(line -> line.replaceAll(" +", " ")))
                .containsExactly("PID JOB MODEL SLOTS", "1 6f1c", "2 tiny 4");
    }

    private static Ran run(String... arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        int code = Main.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        return new Ran(code, out.toString(), err.toString());
    }
}
