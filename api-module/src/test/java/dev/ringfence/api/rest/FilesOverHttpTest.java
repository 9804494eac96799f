package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What agents do with files, git and programs of an operator, from outside. */
@QuarkusTest
@TestProfile(FilesOverHttpTest.OwnRoots.class)
class FilesOverHttpTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String AGENT = "writer";

    /** A catalog that grants one of two roots, and a directory of manifests. */
    public static final class OwnRoots implements QuarkusTestProfile {
        static final Path PLACE = place();
        static final Path CATALOG = PLACE.resolve("catalog.toml");
        static final Path MANIFESTS = PLACE.resolve("manifests");

        private static Path place() {
            try {
                // Where fences show the host's tree, their users pass it on the way to the workspaces.
                var place = Files.createTempDirectory("ringfence-files");
                Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwxr-xr-x"));
                Files.createDirectories(place.resolve("manifests"));
                Files.createDirectories(place.resolve("notes"));
                Files.createDirectories(place.resolve("vault"));
                Files.writeString(place.resolve("notes/note"), "for all");
                return place;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public Map<String, String> getConfigOverrides() {
            catalog("git");
            manifest("CountLines", "git");
            write(MANIFESTS.resolve("print.toml"), """
                    [capability]
                    name = "PrintJson"
                    description = "Prints a file that is JSON"
                    argv = ["/usr/bin/cat", "--", "{file}"]
                    repeatable = true
                    output = "json"
                    [capability.parameters.file]
                    type = "path"
                    root = "workspace"
                    access = "read"
                    """);
            return Map.of(
                    "ringfence.data", PLACE.resolve("data").toString(),
                    "ringfence.catalog", CATALOG.toString(),
                    "ringfence.capabilities.directory", MANIFESTS.toString(),
                    "ringfence.capabilities.git.protocols", "https,file",
                    "ringfence.files.roots.notes.path", PLACE.resolve("notes").toString(),
                    "ringfence.files.roots.vault.path", PLACE.resolve("vault").toString(),
                    "ringfence.files.roots.vault.writable", "true",
                    "ringfence.artifacts.count", "2",
                    "ringfence.artifacts.file-bytes", "1000");
        }

        static void catalog(String profile) {
            write(CATALOG, """
                    [slm]
                    enabled = true
                    default_sandbox_profile = "PROFILE"

                    [slm.sandbox_profiles.PROFILE.process_limits]
                    max_child_processes = 16

                    [slm.sandbox_profiles.namespaces]
                    tier = "namespaces"
                    [slm.sandbox_profiles.namespaces.process_limits]
                    max_child_processes = 16

                    [slm.sandbox_profiles.landlock]
                    tier = "landlock"
                    [slm.sandbox_profiles.landlock.process_limits]
                    max_child_processes = 16

                    [agents.writer]
                    roots = ["workspace", "notes"]

                    [agents.other]
                    """.replace("PROFILE", profile));
        }

        static void manifest(String name, String profile) {
            write(MANIFESTS.resolve("count.toml"), """
                    [capability]
                    name = "NAME"
                    description = "Counts the lines of a file that match a word"
                    argv = ["/usr/bin/grep", "--count", "--", "{word}", "{file}"]
                    profile = "PROFILE"
                    repeatable = true
                    output = "json"
                    [capability.parameters.word]
                    type = "string"
                    pattern = "[a-z]+"
                    max_length = 100
                    [capability.parameters.file]
                    type = "path"
                    root = "workspace"
                    access = "read"
                    """.replace("NAME", name).replace("PROFILE", profile));
        }

        private static void write(Path file, String text) {
            try {
                Files.writeString(file, text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @BeforeEach
    void begin() {
        OwnRoots.catalog("git");
        OwnRoots.manifest("CountLines", "git");
        reload().statusCode(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"namespaces", "landlock"})
    void whatAJobWroteAnotherReadsAndAProgramSeesAndUndoTakesBack(String tier) {
        var name = "day-" + tier + ".txt";
        run("FileWrite", arguments().put("path", name).put("content", "first\n"));
        var second = run("FileWrite", arguments().put("path", name).put("content", "second\n"));

        assertThat(second.getString("state")).isEqualTo("completed");
        assertThat(run("FileRead", arguments().put("path", name)).getString("result.content"))
                .isEqualTo("second\n");
        var seen = Api.run(job("ShellExec", arguments().put("cmd", "cat " + name + "; echo more >> " + name))
                .put("profile", tier));
        assertThat(seen.getString("result.stdout")).as(seen.prettify()).isEqualTo("second\n");
        assertThat(seen.getString("result.fence.tier")).isEqualTo(tier);

        var refused = run("Undo", arguments().put("job_id", second.getString("id")));
        assertThat(refused.getString("error.type")).as(refused.prettify()).isEqualTo("changed-since");

        var third = run("FileWrite", arguments().put("path", name).put("content", "third\n"));
        var undone = run("Undo", arguments().put("job_id", third.getString("id")));
        assertThat(undone.getString("state")).as(undone.prettify()).isEqualTo("completed");
        assertThat(run("FileRead", arguments().put("path", name)).getString("result.content"))
                .isEqualTo("second\nmore\n");
        given().get(Api.JOBS + "/" + third.getString("id"))
                .then()
                .body("state", equalTo("rolled_back"))
                .body("rolled_back_by", equalTo(undone.getString("id")));
        given().queryParam("state", "rolled_back")
                .get(Api.JOBS)
                .then()
                .body("jobs.id", hasItem(third.getString("id")))
                .body("jobs.id", not(hasItem(second.getString("id"))));
        assertThat(run("Undo", arguments().put("job_id", third.getString("id"))).getString("error.type"))
                .isEqualTo("already-undone");
    }

    @Test
    void anotherAgentSeesNothingOfIt() {
        var written = run("FileWrite", arguments().put("path", "mine.txt").put("content", "mine"));

        var read = Api.run(job("FileRead", arguments().put("path", "mine.txt")).put("agent", "other"));
        assertThat(read.getString("error.type")).isEqualTo("no-such-file");
        var undone = Api.run(
                job("Undo", arguments().put("job_id", written.getString("id"))).put("agent", "other"));
        assertThat(undone.getString("error.type")).isEqualTo("nothing-to-undo");

        // Nor whether it was undone already.
        run("Undo", arguments().put("job_id", written.getString("id")));
        var again = Api.run(
                job("Undo", arguments().put("job_id", written.getString("id"))).put("agent", "other"));
        assertThat(again.getString("error.type")).isEqualTo("nothing-to-undo");
    }

    @Test
    void anAgentReachesTheRootsThatItIsGrantedAndNoOther() {
        var note = run("FileRead", arguments().put("path", "note").put("root", "notes"));
        assertThat(note.getString("result.content")).as(note.prettify()).isEqualTo("for all");

        var readOnly = run(
                "FileWrite",
                arguments().put("path", "note").put("root", "notes").put("content", "x"));
        assertThat(readOnly.getString("error.type")).isEqualTo("read-only");

        var vault = arguments().put("path", "key").put("root", "vault").put("content", "x");
        var refused = run("FileWrite", vault);
        assertThat(refused.getString("error.type")).isEqualTo("unknown-root");
        assertThat(refused.getString("error.message")).contains("[workspace, notes]");
        assertThat(Api.run(job("FileWrite", vault).put("agent", "other")).getString("state"))
                .isEqualTo("completed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"namespaces", "landlock"})
    void aProgramReadsFromItsInputAFileThatIsLongerThanAnyRequestAndInNoPlaceThatItSees(String tier)
            throws IOException {
        var large = Files.createTempFile(OwnRoots.PLACE.resolve("notes"), "large", "");
        Files.writeString(large, "line\n".repeat(4_000_000));
        var file = arguments().put("path", large.getFileName().toString()).put("root", "notes");
        var arguments = arguments().put("cmd", "wc -l; head -c 1 " + large + " 2>&1 | grep -cE 'denied|such'");
        arguments.set("stdin_file", file);

        var job = Api.run(job("ShellExec", arguments).put("profile", tier));

        assertThat(job.getString("result.stdout")).as(job.prettify()).isEqualTo("4000000\n1\n");
        Files.delete(large);
    }

    @Test
    void aFileForAProgramsInputThatCannotBeReadIsRefusedBeforeTheProgramStarts() {
        var arguments = arguments().put("cmd", "touch started");
        arguments.set("stdin_file", arguments().put("path", "key").put("root", "vault"));

        assertThat(run("ShellExec", arguments).getString("error.type")).isEqualTo("unknown-root");
        dryRun(job("ShellExec", arguments))
                .body("would_run", equalTo(false))
                .body("error.type", equalTo("unknown-root"));

        arguments.set("stdin_file", arguments().put("path", "not-there"));
        assertThat(run("ShellExec", arguments).getString("error.type")).isEqualTo("no-such-file");
        assertThat(run("FileRead", arguments().put("path", "started")).getString("error.type"))
                .isEqualTo("no-such-file");

        var both = run("ShellExec", arguments.put("stdin", "text"));
        assertThat(both.getString("error.type")).isEqualTo("invalid-arguments");
        assertThat(both.getString("error.message")).contains("/stdin and /stdin_file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "/etc/passwd", "a/../../x", "a\u0000b"})
    void aPathThatLeadsOutIsRefused(String path) {
        var read = run("FileRead", arguments().put("path", path));

        assertThat(read.getString("state")).isEqualTo("failed");
        assertThat(read.getString("error.type")).isIn("path-refused", "invalid-arguments");
    }

    @Test
    void aLinkThatAProgramLeftLeadsNowhere() {
        run("ShellExec", arguments().put("cmd", "ln -s /etc/passwd leak; ln -s / up; mkfifo pipe"));

        for (var path : List.of("leak", "up/etc/passwd", "pipe")) {
            assertThat(run("FileRead", arguments().put("path", path)).getString("state"))
                    .as(path)
                    .isEqualTo("failed");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"namespaces", "landlock"})
    void aRepositoryIsMadeAndCommittedTo(String tier) {
        var repository = "repo-" + tier;
        assertThat(git(tier, arguments().put("operation", "init").put("path", repository))
                        .getInt("result.exit_code"))
                .isZero();
        run("FileWrite", arguments().put("path", repository + "/file").put("content", "tracked"));
        var commit = git(
                tier,
                arguments().put("operation", "commit").put("path", repository).put("message", "all of it"));
        assertThat(commit.getString("result.stdout")).as(commit.prettify()).matches("[0-9a-f]{40}\n");
        assertThat(commit.getList("result.programs[2].argv", String.class))
                .startsWith("/usr/bin/git")
                .contains("commit", "--message=all of it");
        assertThat(git(tier, arguments().put("operation", "log").put("path", repository))
                        .getString("result.stdout"))
                .contains("all of it");
        var refused = git(
                tier,
                arguments()
                        .put("operation", "clone")
                        .put("path", "elsewhere")
                        .put("url", "https://127.0.0.1/secret.git"));
        assertThat(refused.getString("error.type")).isEqualTo("url-refused");
        assertThat(events(commit))
                .extracting(event -> event.path("type").asText())
                .containsExactly(
                        "submitted",
                        "validated",
                        "started",
                        "command_executed",
                        "command_executed",
                        "command_executed",
                        "command_executed",
                        "completed");
    }

    @Test
    void aDryRunSaysWhatWouldHappenAndDoesNothing() {
        var write = dryRun(job("FileWrite", arguments().put("path", "never.txt").put("content", "x")))
                .body("would_run", equalTo(true));
        assertThat(write.extract().jsonPath().getString("plan.path")).isEqualTo("never.txt");
        assertThat(run("FileRead", arguments().put("path", "never.txt")).getString("error.type"))
                .isEqualTo("no-such-file");

        dryRun(job("ShellExec", arguments().put("cmd", "touch never.txt")))
                .body("would_run", equalTo(true))
                .body("plan.programs[0].argv", equalTo(List.of("/bin/sh", "-c", "touch never.txt")))
                .body("plan.fence.tier", equalTo("namespaces"));
        dryRun(job("FileRead", arguments().put("path", "../x")))
                .body("would_run", equalTo(false))
                .body("error.type", equalTo("path-refused"));
        dryRun(job("Kill", arguments().put("pid", "one")))
                .body("would_run", equalTo(false))
                .body("error.type", equalTo("invalid-arguments"))
                .body("plan", nullValue());
        assertThat(run("Kill", arguments().put("pid", "one")).getString("error.type"))
                .isEqualTo("invalid-arguments");
    }

    @Test
    void aDryRunIsRefusedWhereTheJobWouldBe() {
        var read = arguments().put("path", "any.txt");
        var refusals = Map.of(
                "no-fence-of-its-own", job("FileRead", read).put("tier", "landlock"),
                "unknown-webhook", job("FileRead", read).put("webhook", "nobody"),
                "not-repeatable",
                        job("FileWrite", read.deepCopy().put("content", "x")).put("retries", 3));

        refusals.forEach((slug, job) -> {
            Api.isProblem(Api.sending(job.toString()).post(Api.JOBS).then(), 422, slug);
            Api.isProblem(
                    Api.sending(job.toString())
                            .queryParam("dry_run", "true")
                            .post(Api.JOBS)
                            .then(),
                    422,
                    slug);
        });
    }

    @Test
    void directoriesAreMadeOnRequestAndTakenAwayWithTheFile() {
        var write = arguments().put("path", "made/deep/file").put("content", "x");

        assertThat(run("FileWrite", write).getString("error.type")).isEqualTo("no-such-file");
        write.put("parents", true);
        dryRun(job("FileWrite", write)).body("plan.directories_made", equalTo(List.of("made", "made/deep")));
        var written = run("FileWrite", write);
        assertThat(written.getList("result.directories_made", String.class)).containsExactly("made", "made/deep");
        run("FileWrite", arguments().put("path", "made/other").put("content", "y"));
        run("Undo", arguments().put("job_id", written.getString("id")));

        var left = run("ShellExec", arguments().put("cmd", "find made | sort"));
        assertThat(left.getString("result.stdout")).isEqualTo("made\nmade/other\n");
    }

    @Test
    void filesThatAProgramLeftAreListedAndFetchedWithinTheirLimitsUntilTheyAreTooOld() throws IOException {
        var job = run("ShellExec", arguments().put("cmd", """
                        cd "$RINGFENCE_OUTPUT"; echo '{"a":1}' > 'a b.json'; head -c 1001 /dev/zero > large
                        ln -s /etc/passwd link; echo b > b; echo c > c"""));
        var id = job.getString("id");
        var artifacts = Api.JOBS + "/" + id + "/artifacts";

        assertThat(job.getList("result.artifacts.name", String.class))
                .as(job.prettify())
                .hasSize(2)
                .contains("a b.json");
        assertThat(job.getList("result.artifacts_skipped.name", String.class)).contains("large", "link");
        given().get(artifacts).then().statusCode(200).body("artifacts.size()", equalTo(2));
        given().get(artifacts + "/a b.json")
                .then()
                .statusCode(200)
                .contentType("application/json")
                .header("Content-Disposition", containsString("attachment"))
                .body("a", equalTo(1));
        Api.isProblem(given().get(artifacts + "/large").then(), 404, "unknown-artifact");
        Api.isProblem(given().get(artifacts + "/../../../journal").then(), 404, "not-found");

        Files.setLastModifiedTime(
                OwnRoots.PLACE.resolve("data/artifacts").resolve(id),
                FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        given().get(artifacts).then().statusCode(200).body("artifacts.size()", equalTo(0));
        Api.isProblem(given().get(artifacts + "/a b.json").then(), 404, "unknown-artifact");
    }

    @Test
    void aRunningJobsProcessIsSignalledByItsAgentOnly() {
        var duration = Api.rareDuration();
        var id = Api.submit(job("ShellExec", arguments().put("cmd", "exec sleep " + duration)));
        Api.awaitState(id, "started");
        var pid = awaitProcess(duration);

        var foreign = Api.run(
                job("Kill", arguments().put("pid", pid).put("signal", "TERM")).put("agent", "other"));
        assertThat(foreign.getString("state")).isEqualTo("failed");
        var self = run("Kill", arguments().put("pid", ProcessHandle.current().pid()));
        assertThat(self.getString("state")).as(self.prettify()).isEqualTo("failed");

        var killed = run("Kill", arguments().put("pid", pid).put("signal", "TERM"));
        assertThat(killed.getString("state")).as(killed.prettify()).isEqualTo("completed");
        Api.awaitState(id, "completed");
    }

    @Test
    void aManifestsCapabilityRunsWithoutAShellAndChangesWithTheCatalogOrNotAtAll() {
        run("FileWrite", arguments().put("path", "lines").put("content", "one\ntwo\none\n"));
        var counted = run("CountLines", arguments().put("word", "one").put("file", "lines"));
        assertThat(counted.getInt("result.data")).as(counted.prettify()).isEqualTo(2);
        var injected = run("CountLines", arguments().put("word", "$(id)").put("file", "lines"));
        assertThat(injected.getString("error.type")).isEqualTo("invalid-arguments");

        OwnRoots.manifest("CountMore", "missing");
        OwnRoots.catalog("renamed");
        Api.isProblem(reload(), 422, "invalid-manifest")
                .body("errors[0]", containsString("CountMore"))
                .body("errors[0]", containsString("missing"));
        given().get("/api/v1/catalog").then().body("default_sandbox_profile", equalTo("git"));
        given().get("/api/v1/capabilities")
                .then()
                .body("capabilities.name", hasItem("CountLines"))
                .body("capabilities.name", not(hasItem("CountMore")));

        OwnRoots.manifest("CountMore", "renamed");
        reload().statusCode(200).body("default_sandbox_profile", equalTo("renamed"));
        given().get("/api/v1/capabilities")
                .then()
                .body("capabilities.name", hasItems("CountMore", "ShellExec"))
                .body("capabilities.name", not(hasItem("CountLines")));
        assertThat(run("CountMore", arguments().put("word", "two").put("file", "lines"))
                        .getInt("result.data"))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"namespaces", "landlock"})
    void aSecretIsKnownToTheProgramAndShownNowhere(String tier) {
        var secret = "s3cret-" + tier + "-value";
        // In one piece, in pieces, and cut off.
        var arguments = arguments().put("cmd", """
                test "$PLAIN" = seen && echo "${#TOKEN}"
                printf 'a %s b' "$TOKEN"; printf ' %.9s' "$TOKEN"; sleep 0.1; printf '%s ' "${TOKEN#?????????}"
                printf '%.9s' "$TOKEN"; printf '%s%s' "$TOKEN" "$TOKEN" >&2
                """);
        arguments.putObject("env").put("PLAIN", "seen");
        arguments.putObject("secret_env").put("TOKEN", secret);
        var done = Api.run(job("ShellExec", arguments).put("profile", tier));

        assertThat(done.getString("result.stdout"))
                .as(done.prettify())
                .isEqualTo(secret.length() + "\na *** b *** " + secret.substring(0, 9));
        assertThat(done.getString("result.stderr")).isEqualTo("***");
        assertThat(done.getMap("arguments.secret_env")).containsEntry("TOKEN", null);
        assertThat(done.prettify()).doesNotContain(secret);
        assertThat(events(done)).isNotEmpty();
        assertThat(events(done).toString()).contains("***").doesNotContain(secret);
        assertThat(given().accept("text/event-stream")
                        .get(Api.JOBS + "/" + done.getString("id") + "/events")
                        .asString())
                .contains("***")
                .doesNotContain(secret);
        dryRun(job("ShellExec", arguments)).body(not(containsString(secret)));
        // What the journal has of it is no longer enough to run it.
        var again = arguments().put("cmd", "true");
        again.putObject("secret_env").putNull("TOKEN");
        assertThat(run("ShellExec", again).getString("error.message")).contains("submit the job again");
        var loader = arguments();
        loader.put("cmd", "true").putObject("env").put("LD_PRELOAD", "/work/evil.so");
        assertThat(run("ShellExec", loader).getString("error.message")).contains("/env/LD_PRELOAD");
    }

    /** The process that sleeps so long, as the host numbers it. */
    private static long awaitProcess(String duration) {
        return await().until(
                        () -> ProcessHandle.allProcesses()
                                .filter(process -> process.info()
                                        .arguments()
                                        .map(List::of)
                                        .map(List.of(duration)::equals)
                                        .orElse(false))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow()
                .pid();
    }

    /** Each line is one. */
    private static List<JsonNode> events(JsonPath job) {
        return given().queryParam("job", job.getString("id"))
                .get("/api/v1/journal/events")
                .then()
                .statusCode(200)
                .extract()
                .asString()
                .lines()
                .map(FilesOverHttpTest::json)
                .toList();
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ValidatableResponse reload() {
        return given().post("/api/v1/catalog/reload").then();
    }

    private static ValidatableResponse dryRun(ObjectNode job) {
        return Api.sending(job.toString())
                .queryParam("dry_run", "true")
                .post(Api.JOBS)
                .then()
                .statusCode(200);
    }

    private static JsonPath git(String tier, ObjectNode arguments) {
        return Api.run(job("GitExec", arguments).put("profile", tier));
    }

    private static JsonPath run(String capability, ObjectNode arguments) {
        return Api.run(job(capability, arguments));
    }

    private static ObjectNode job(String capability, ObjectNode arguments) {
        ObjectNode job = JsonNodeFactory.instance
                .objectNode()
                .put("capability", capability)
                .put("agent", AGENT);
        return job.set("arguments", arguments);
    }

    private static ObjectNode arguments() {
        return JsonNodeFactory.instance.objectNode();
    }
}
