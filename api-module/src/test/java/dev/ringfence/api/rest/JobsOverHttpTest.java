package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.oneOf;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@TestProfile(WholeService.class)
class JobsOverHttpTest {
    @Test
    void aSubmissionIsAnsweredWithTheJobsAddress() {
        var response = Api.sending(Api.shell("echo hello").toString())
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .body("id", notNullValue())
                .body("state", matchesPattern("submitted|started|completed"))
                .body("capability", equalTo("ShellExec"))
                .body("profile", equalTo("shell"))
                .body("agent", equalTo("anonymous"))
                .body("arguments.cmd", equalTo("echo hello"))
                .extract();

        var path = URI.create(response.header("Location")).getPath();
        assertThat(path).isEqualTo("/api/v1/jobs/" + response.<String>path("id"));
        given().header("Prefer", "wait=120").get(path).then().statusCode(200).body("result.stdout", equalTo("hello\n"));
    }

    @Test
    void whoPrefersToWaitGetsTheWholeResult() {
        Api.sending(Api.shell("echo out; echo err >&2; exit 3")
                        .put("agent", "tester")
                        .toString())
                .header("Prefer", "respond-async, wait=120")
                .post(Api.JOBS)
                .then()
                .statusCode(200)
                .header("Location", containsString("/api/v1/jobs/"))
                .body("state", equalTo("completed"))
                .body("agent", equalTo("tester"))
                .body("submitted_at", notNullValue())
                .body("started_at", notNullValue())
                .body("ended_at", notNullValue())
                .body("result.success", equalTo(false))
                .body("result.exit_code", equalTo(3))
                .body("result.stdout", equalTo("out\n"))
                .body("result.stderr", equalTo("err\n"))
                .body("result.stdout_truncated", equalTo(false))
                .body("result.usage.wall_ms", notNullValue())
                .body("result.usage.cpu_user_ms", notNullValue())
                .body("result.usage.memory_source", notNullValue());
    }

    @Test
    void theResultSaysOfEachFieldOfTheProfileWhatEnforcedIt() {
        var fence = Api.run(Api.shell("true")).<Map<String, Object>>get("result.fence");

        assertThat(fence).containsEntry("tier", "namespaces");
        @SuppressWarnings("unchecked")
        var fields = (List<Map<String, String>>) fence.get("entries");
        assertThat(fields)
                .extracting(entry -> entry.get("field"))
                .contains(
                        "resources.max_memory_mb",
                        "resources.max_cpu_cores",
                        "resources.max_disk_mb",
                        "resources.gpu_access",
                        "resources.max_io_bandwidth_mbps",
                        "filesystem.read_paths",
                        "filesystem.write_paths",
                        "filesystem.denied_paths",
                        "filesystem.allow_temp_files",
                        "filesystem.max_file_size_mb",
                        "process_limits.max_child_processes",
                        "process_limits.max_execution_time_seconds",
                        "process_limits.allowed_syscalls",
                        "process_limits.process_priority",
                        "network.access_mode",
                        "security.strict_syscall_filtering",
                        "security.disable_debugging",
                        "security.enable_audit_logging",
                        "security.require_encryption");
        assertThat(fields).allSatisfy(entry -> assertThat(entry.get("means")).isNotBlank());
    }

    @Test
    void whoDoesNotWaitLongEnoughGetsTheJobAsItStands() {
        var response = Api.sending(Api.shell("sleep 60").toString())
                .header("Prefer", "wait=1")
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .header("Location", containsString("/api/v1/jobs/"))
                .body("state", oneOf("submitted", "started"))
                .extract();
        var id = response.<String>path("id");

        Api.awaitState(id, "started");
        given().header("Prefer", "wait=1")
                .get(Api.JOBS + "/" + id)
                .then()
                .statusCode(200)
                .body("state", equalTo("started"));
        Api.cancel(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"*/*", "application/json", "application/json, text/event-stream", "application/json, */*;q=0.1"})
    void jsonIsTheAnswerForWhoTakesIt(String accept) {
        Api.sending(Api.shell("true").toString())
                .accept(accept)
                .header("Prefer", "wait=120")
                .post(Api.JOBS)
                .then()
                .statusCode(200)
                .contentType("application/json")
                .body("state", equalTo("completed"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"cmd": 7}                         | /cmd     | 7
            {"comand": "true"}                 | /comand  | missing: /cmd, /argv
            {"cmd": "true", "timeout": 1000}   | /timeout | 1000
            {"cmd": "true", "timeout": "soon"} | /timeout | soon
            {}                                 | /cmd     | missing
            """)
    void argumentsThatBreakTheSchemaEndTheJobAndAreNamedByPlaceAndValue(String arguments, String place, String value) {
        Api.sending("{\"capability\": \"ShellExec\", \"arguments\": " + arguments + "}")
                .header("Prefer", "wait=120")
                .post(Api.JOBS)
                .then()
                .statusCode(200)
                .body("state", equalTo("failed"))
                .body("error.type", equalTo("invalid-arguments"))
                .body("error.message", containsString(place))
                .body("error.message", containsString(value));
    }

    @ParameterizedTest
    @CsvSource({"outgoing, network.allowed_destinations", "accelerated, resources.gpu_access"})
    void aProfileThatCannotBeEnforcedRefusesTheJobByTheField(String profile, String field) {
        var job = Api.run(Api.shell("echo must not run").put("profile", profile));

        assertThat(job.getString("state")).isEqualTo("failed");
        assertThat(job.getString("error.type")).isEqualTo("fence-refused");
        assertThat(job.getString("error.message")).contains(field);
        assertThat(job.getString("result.field")).isEqualTo(field);
        assertThat(job.getString("result.stdout")).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "nobody, anonymous, unknown-model, nobody",
        "lost, anonymous, model-file-not-found, /nowhere/lost.gguf",
        "remote, anonymous, remote-denied, RINGFENCE_TEST_NO_SUCH_KEY",
        "lost, poor, model-not-allowed, remote"
    })
    void aModelThatCannotAnswerEndsTheJobWithTheReason(String model, String agent, String type, String named) {
        var job = JsonNodeFactory.instance
                .objectNode()
                .put("capability", "GenerateText")
                .put("agent", agent);
        job.putObject("arguments").put("model", model).put("prompt", "Hello");

        var end = Api.run(job);

        assertThat(end.getString("state")).isEqualTo("failed");
        assertThat(end.getString("error.type")).isEqualTo(type);
        assertThat(end.getString("error.message")).contains(named);
    }

    @Test
    void aDeadlineEndsTheWholeTreeBeforeItIsTold() {
        var rare = Api.rareDuration();

        var job = Api.run(
                Api.shell("trap '' TERM; (setsid sh -c \"trap '' TERM; sleep %1$s\" &) & sleep %1$s".formatted(rare))
                        .put("deadline_seconds", 0.5));

        assertThat(Api.processes("sleep " + rare)).isEmpty();
        assertThat(job.getString("state")).isEqualTo("timed_out");
        assertThat(job.getString("error.type")).isEqualTo("deadline-exceeded");
        assertThat(job.getString("error.message")).contains("500 ms");
        assertThat(job.getInt("deadline_ms")).isEqualTo(500);
        assertThat(job.getString("result.fence.tier")).isEqualTo("namespaces");
    }

    /** Its deadline alone was shown, and the work ended long before. */
    @Test
    void aRunningJobShowsWhatEndsItBeforeItsDeadline() {
        var rare = Api.rareDuration();
        var id = Api.submit(Api.shell("sleep " + rare).put("deadline_seconds", 80_000));
        // Its programs may be there a moment before it is known what ends them.
        org.awaitility.Awaitility.await()
                .until(() -> given().get(Api.JOBS + "/" + id).jsonPath().get("time_limit_ms") != null);

        var running = given().get(Api.JOBS + "/" + id).jsonPath();
        var ended = Api.cancel(id);

        assertThat(running.getInt("deadline_ms")).isEqualTo(80_000_000);
        assertThat(running.getInt("time_limit_ms")).isPositive().isLessThan(80_000_000);
        assertThat(ended.getMap("$")).doesNotContainKey("time_limit_ms");
    }

    @Test
    void cancellingARunningJobAnswersWhenNothingOfItIsLeft() {
        var rare = Api.rareDuration();
        var id = Api.submit(Api.shell("sleep " + rare));
        org.awaitility.Awaitility.await()
                .until(() -> !Api.processes("sleep " + rare).isEmpty());

        var job = Api.cancel(id);

        assertThat(Api.processes("sleep " + rare)).isEmpty();
        assertThat(job.getString("state")).isEqualTo("cancelled");
        assertThat(job.getString("error.message")).isEqualTo("cancelled by request");
    }

    @Test
    void cancellingAnEndedJobLeavesItAsItIs() {
        var id = Api.run(Api.shell("echo done")).getString("id");

        var job = Api.cancel(id);

        assertThat(job.getString("state")).isEqualTo("completed");
        assertThat(job.getString("result.stdout")).isEqualTo("done\n");
    }

    @Test
    void theListBeginsWithTheNewestAndHoldsNoResults() {
        var first = Api.run(Api.shell("true")).getString("id");
        var second = Api.run(Api.shell("true")).getString("id");

        given().queryParam("limit", 2)
                .get(Api.JOBS)
                .then()
                .statusCode(200)
                .body("jobs.id", equalTo(List.of(second, first)))
                .body("jobs[0].result", equalTo(null))
                .body("jobs[0].arguments", equalTo(null));
    }

    @Test
    void theSameKeyGivesTheSameJob() {
        var key = UUID.randomUUID().toString();
        var job = Api.shell("date +%N").toString();
        var first = Api.sending(job)
                .header("Idempotency-Key", key)
                .header("Prefer", "wait=120")
                .post(Api.JOBS)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();

        var second = Api.sending(job)
                .header("Idempotency-Key", key)
                .header("Prefer", "wait=120")
                .post(Api.JOBS)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();

        assertThat(second.getString("id")).isEqualTo(first.getString("id"));
        assertThat(second.getString("result.stdout")).isEqualTo(first.getString("result.stdout"));
        Api.isProblem(
                        Api.sending(Api.shell("something else").toString())
                                .header("Idempotency-Key", key)
                                .post(Api.JOBS)
                                .then(),
                        422,
                        "idempotency-key-reused")
                .body("detail", containsString(first.getString("id")));
    }

    @Test
    void oneAgentsKeyIsNotAnothers() {
        var key = UUID.randomUUID().toString();
        var one = Api.sending(Api.shell("true").put("agent", "one").toString())
                .header("Idempotency-Key", key)
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .extract()
                .<String>path("id");

        Api.sending(Api.shell("true").put("agent", "two").toString())
                .header("Idempotency-Key", key)
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .body("id", not(equalTo(one)));
    }

    @Test
    void allOfALargeOutputCanBeReadAndAnyPartOfIt() {
        var job = Api.run(Api.shell("seq 1 100000; echo oops >&2"));
        var output = Api.JOBS + "/" + job.getString("id") + "/output/";
        var all = given().get(output + "stdout").then().statusCode(200).extract();

        assertThat(all.header("Content-Type")).startsWith("application/octet-stream");
        assertThat(all.asString()).startsWith("1\n2\n").endsWith("\n100000\n");
        assertThat(job.getLong("outputs[0].bytes")).isEqualTo(all.asByteArray().length);
        assertThat(job.getString("result.stdout")).hasSizeLessThan(33_000).startsWith("1\n2\n");
        assertThat(given().header("Range", "bytes=2-5")
                        .get(output + "stdout")
                        .then()
                        .statusCode(206)
                        .header("Content-Range", "bytes 2-5/" + all.asByteArray().length)
                        .extract()
                        .asString())
                .isEqualTo("2\n3\n");
        assertThat(given().header("Range", "bytes=-7")
                        .get(output + "stdout")
                        .then()
                        .statusCode(206)
                        .extract()
                        .asString())
                .isEqualTo("100000\n");
        Api.isProblem(
                given().header("Range", "bytes=9999999-").get(output + "stdout").then(), 416, "range-not-satisfiable");
        assertThat(given().get(output + "stderr")
                        .then()
                        .statusCode(200)
                        .extract()
                        .asString())
                .isEqualTo("oops\n");
        Api.isProblem(given().get(output + "stdin").then(), 404, "no-output");
    }

    @Test
    void jobsAreFoundByTheirSessionPageByPage() {
        var session = "session-" + UUID.randomUUID();
        var first = Api.run(Api.shell("true").put("session", session)).getString("id");
        var second = Api.run(Api.shell("false").put("session", session)).getString("id");

        var page = given().queryParam("session", session)
                .queryParam("limit", 1)
                .get(Api.JOBS)
                .then()
                .statusCode(200)
                .body("jobs.id", equalTo(List.of(second)))
                .extract()
                .jsonPath();
        given().queryParam("session", session)
                .queryParam("state", "completed")
                .queryParam("before", page.getString("next"))
                .get(Api.JOBS)
                .then()
                .statusCode(200)
                .body("jobs.id", equalTo(List.of(first)));
        Api.isProblem(given().queryParam("state", "happy").get(Api.JOBS).then(), 400, "invalid-request");
    }

    @Test
    void theJournalIsReadProvedAndMeasured() {
        var session = "session-" + UUID.randomUUID();
        var id = Api.run(Api.shell("true").put("session", session)).getString("id");

        var lines = given().queryParam("session", session)
                .queryParam("type", "submitted", "completed")
                .get("/api/v1/journal/events")
                .then()
                .statusCode(200)
                .contentType("application/jsonl")
                .extract()
                .asString();
        assertThat(lines.lines())
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).contains(id))
                .first()
                .asString()
                .contains("\"type\":\"submitted\"");
        assertThat(given().queryParam("session", session)
                        .queryParam("type", "submitted,completed")
                        .get("/api/v1/journal/events")
                        .asString())
                .isEqualTo(lines);
        Api.isProblem(given().get("/api/v1/journal/events?type=sumbitted").then(), 400, "invalid-request")
                .body("errors[0]", containsString("sumbitted"));
        var proof = given().get("/api/v1/journal/verify")
                .then()
                .statusCode(200)
                .extract()
                .asString();
        assertThat(proof.lines().toList().getLast()).contains("\"intact\":true");
        given().get("/api/v1/journal/stats").then().statusCode(200).body("first_sequence", equalTo(1));
    }

    /** Over HTTP there were sizes alone. */
    @Test
    void whatIsInTheJournalIsCountedAsTheCommandLineCountsIt() {
        Api.run(Api.shell("true"));

        var lines = given().get("/api/v1/journal/counts")
                .then()
                .statusCode(200)
                .contentType("application/jsonl")
                .extract()
                .asString();

        var counts = JsonPath.from(lines.lines().toList().getLast());
        assertThat(counts.getInt("events.submitted"))
                .isPositive()
                .isEqualTo(counts.getMap("submissions").values().stream()
                        .mapToInt(count -> (Integer) count)
                        .sum());
        assertThat(counts.getInt("submissions.ShellExec")).isPositive();
        assertThat(counts.getInt("events.completed")).isPositive();
        assertThat(Instant.parse(counts.getString("oldest"))).isBefore(Instant.parse(counts.getString("newest")));
    }
}
