package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
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
