package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an agent may do in a day, from its key to the undoing of all it wrote, with a crash in between. */
class AgentsDayIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SESSION = "monday";

    @TempDir
    Path directory;

    private Path data;
    private Path catalog;
    /** Of the service that runs at the time, with the agent's key. */
    private Api agent = new Api(URI.create("http://127.0.0.1"));

    @BeforeEach
    void prepare() {
        data = directory.resolve("data");
        catalog = Catalogs.standard(directory);
    }

    @Test
    void everythingThatHappensInItIsInTheJournalAndWhatWasWrittenCanBeUndone() throws IOException {
        var key = key("writer");
        var stranger = key("stranger");
        String first;
        String second;
        String running;
        try (var service = RunningService.start(data, catalog)) {
            assertThat(service.api().status("/api/v1/jobs")).isEqualTo(401);
            agent = service.api().as(key);
            assertThat(agent.post("/api/v1/sessions", "{\"id\": \"" + SESSION + "\"}")
                            .statusCode())
                    .isEqualTo(201);

            git("init", arguments -> {});
            first = completed("FileWrite", file("repo/notes", "one\n"))
                    .path("id")
                    .asText();
            second = completed("FileWrite", file("repo/notes", "two\n"))
                    .path("id")
                    .asText();
            assertThat(completed("FileRead", arguments -> arguments.put("path", "repo/notes"))
                            .at("/result/content")
                            .asText())
                    .isEqualTo("two\n");
            assertThat(completed("ShellExec", arguments -> arguments.put("cmd", "wc -c < repo/notes"))
                            .at("/result/stdout")
                            .asText())
                    .isEqualTo("4\n");
            git("commit", arguments -> arguments.put("message", "a day"));
            assertThat(completed(
                                    "GenerateText",
                                    arguments -> arguments.put("model", "tiny").put("prompt", "Say hello"))
                            .at("/result/output_tokens")
                            .asInt())
                    .isPositive();
            cancelled();
            assertThat(ended("ShellExec", arguments -> arguments.put("cmd", "sleep 3333"), 0.5)
                            .path("state")
                            .asText())
                    .isEqualTo("timed_out");
            assertThat(service.api().as(stranger).status("/api/v1/jobs/" + first))
                    .isEqualTo(404);
            running = submit("ShellExec", arguments -> arguments.put("cmd", "sleep 3334"), 30);
            agent.awaitState(running, "started");

            service.kill();
        }

        try (var service = RunningService.start(data, catalog)) {
            agent = service.api().as(key);
            assertThat(agent.state(running)).isEqualTo("interrupted");
            var secret = Files.writeString(directory.resolve("writer.key"), key);
            for (var job : List.of(second, first)) {
                var undo = Cli.run(
                        "undo", job, "--url", "http://127.0.0.1:" + service.port(), "--key-file", secret.toString());
                assertThat(undo.exitCode()).as(undo.stderr()).isZero();
                assertThat(agent.state(job)).isEqualTo("rolled_back");
            }
            assertThat(ended("FileRead", arguments -> arguments.put("path", "repo/notes"), 10)
                            .path("state")
                            .asText())
                    .isEqualTo("failed");
            assertThat(agent.delete("/api/v1/sessions/" + SESSION).statusCode()).isEqualTo(200);
        }

        var verify = Cli.run("journal", "verify", "--data", data.toString());
        assertThat(verify.exitCode()).as(verify.stdout() + verify.stderr()).isZero();
        assertThat(typesOf(first)).containsSubsequence("submitted", "validated", "started", "completed", "rolled_back");
        assertThat(typesOf(running)).containsSubsequence("submitted", "started", "interrupted");
    }

    private String key(String name) {
        var made = Cli.run("keys", "create", "--agent", name, "--data", data.toString());
        assertThat(made.exitCode()).as(made.stderr()).isZero();
        return made.stdout().strip();
    }

    private void cancelled() {
        var id = submit("ShellExec", arguments -> arguments.put("cmd", "sleep 3335"), 30);
        agent.awaitState(id, "started");
        assertThat(agent.delete("/api/v1/jobs/" + id).statusCode()).isEqualTo(200);
        assertThat(agent.state(id)).isEqualTo("cancelled");
    }

    private void git(String operation, Consumer<ObjectNode> more) {
        var job = completed("GitExec", arguments -> {
            arguments.put("operation", operation).put("path", "repo");
            more.accept(arguments);
        });
        assertThat(job.at("/result/exit_code").asInt()).as(job.toString()).isZero();
    }

    private static Consumer<ObjectNode> file(String path, String content) {
        return arguments -> arguments.put("path", path).put("content", content);
    }

    private JsonNode completed(String capability, Consumer<ObjectNode> arguments) {
        var job = ended(capability, arguments, 30);
        assertThat(job.path("state").asText()).as(job.toString()).isEqualTo("completed");
        return job;
    }

    private JsonNode ended(String capability, Consumer<ObjectNode> arguments, double deadline) {
        return agent.awaitEnd(submit(capability, arguments, deadline));
    }

    private String submit(String capability, Consumer<ObjectNode> arguments, double deadline) {
        var job = JSON.createObjectNode()
                .put("capability", capability)
                .put("session", SESSION)
                .put("deadline_seconds", deadline);
        arguments.accept(job.putObject("arguments"));
        var response = agent.post("/api/v1/jobs", job.toString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
        return Api.json(response.body()).path("id").asText();
    }

    private List<String> typesOf(String job) {
        var dump = Cli.run("journal", "dump", "--data", data.toString(), "--job", job);
        assertThat(dump.exitCode()).as(dump.stderr()).isZero();
        var types = new ArrayList<String>();
        dump.stdout()
                .lines()
                .map(Api::json)
                .forEach(event -> types.add(event.path("type").asText()));
        return types;
    }
}
