package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BadInputIT {
    private static final String JOBS = "/api/v1/jobs";

    @TempDir
    static Path directory;

    private static RunningService service;
    private static Api api;

    @BeforeAll
    static void start() {
        service = RunningService.start(directory.resolve("data"), Catalogs.standard(directory));
        api = service.api();
    }

    @AfterAll
    static void stop() {
        service.close();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    not JSON            | {"capability": "ShellExec"                                              | 400 |
                    no object           | ["ShellExec"]                                                           | 400 |
                    unknown field       | {"capability": "ShellExec", "arguments": {"cmd": "true"}, "colour": 1}  | 400 | colour
                    unknown capability  | {"capability": "ShellExcec", "arguments": {"cmd": "true"}}              | 422 | ShellExcec
                    unknown profile     | {"capability": "ShellExec", "arguments": {"cmd": "true"}, "profile": "x"} | 4 | x
                    wrong deadline      | {"capability": "ShellExec", "arguments": {"cmd": "true"}, "deadline_seconds": -1} | 4 | deadline
                    """)
    void aWrongRequestGetsOneClearProblem(String name, String body, String status, String named) {
        var response = api.post(JOBS, body);

        assertThat(Integer.toString(response.statusCode())).as(name).startsWith(status);
        assertIsProblem(response);
        if (named != null) {
            assertThat(response.body()).contains(named);
        }
    }

    @Test
    void argumentsThatBreakTheSchemaAreNamedByTheirPlace() {
        var job = api.post(
                JOBS, "{\"capability\": \"ShellExec\", \"arguments\": {\"comand\": \"true\"}}", "Prefer", "wait=60");

        assertThat(job.body()).contains("cmd").contains("comand");
    }

    @Test
    void aBodyOverTheLimitIsRefused() {
        var response = api.post(JOBS, Api.shell("x".repeat(9 << 20), job -> {}));

        assertThat(response.statusCode()).isEqualTo(413);
    }

    /** All that came was kept for a request that had its answer: one client ended the service. */
    @Test
    void whatIsSentAfterARefusalTakesNoMemory() throws IOException {
        var little = Map.of("JAVA_TOOL_OPTIONS", "-Xmx128m");
        try (var small = RunningService.start(directory.resolve("small"), Catalogs.standard(directory), little);
                var socket = new Socket(InetAddress.getLoopbackAddress(), small.port())) {
            var out = socket.getOutputStream();
            out.write("""
                    POST /api/v1/jobs HTTP/1.1\r
                    Host: localhost\r
                    Content-Type: application/json\r
                    Transfer-Encoding: chunked\r
                    \r
                    """.getBytes(StandardCharsets.US_ASCII));
            var chunk = ("100000\r\n" + "x".repeat(1 << 20) + "\r\n").getBytes(StandardCharsets.US_ASCII);
            for (int i = 0; i < 400; i++) {
                out.write(chunk);
            }
            out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));

            assertThat(new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                            .readLine())
                    .startsWith("HTTP/1.1 413 ");
            assertThat(small.api().runShell("echo alive").at("/result/stdout").asText())
                    .isEqualTo("alive\n");
        }
    }

    @Test
    void aBodyUnderTheLimitIsTaken() {
        var job = api.runShell(": " + "x".repeat(100_000));

        assertThat(job.path("state").asText()).isEqualTo("completed");
    }

    @Test
    void anUnknownJobIsAProblem() {
        var response = api.get(JOBS + "/01JUNKJUNKJUNKJUNKJUNKJUNK");

        assertThat(response.statusCode()).isEqualTo(404);
        assertIsProblem(response);
    }

    @Test
    void anUnknownPathIsAProblem() {
        assertThat(api.status("/api/v1/nothing")).isEqualTo(404);
    }

    @Test
    void anUnknownModelAndAModelWithoutItsFileEndWithTheReason() {
        var unknown = api.post(
                JOBS,
                "{\"capability\": \"GenerateText\", \"arguments\": {\"prompt\": \"Hi\", \"model\": \"nobody\"}}",
                "Prefer",
                "wait=60");
        var lost = api.post(
                JOBS,
                "{\"capability\": \"GenerateText\", \"arguments\": {\"prompt\": \"Hi\", \"model\": \"lost\"}}",
                "Prefer",
                "wait=60");

        assertThat(unknown.body()).contains("nobody");
        assertThat(lost.body()).contains("/nowhere/lost.gguf");
    }

    private static void assertIsProblem(HttpResponse<String> response) {
        assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith("application/problem+json");
        var problem = Api.json(response.body());
        assertThat(problem.path("type").asText()).isNotEmpty();
        assertThat(problem.path("title").asText()).isNotEmpty();
        assertThat(problem.path("status").intValue()).isEqualTo(response.statusCode());
    }
}
