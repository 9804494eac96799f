package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@TestProfile(WholeService.class)
class BadRequestsTest {
    /** Unless it is configured otherwise. */
    private static final int LIMIT = 8 << 20;

    @Test
    void malformedJsonIsNamedByLineAndColumn() {
        Api.isProblem(
                        Api.sending("{\n  \"capability\": ShellExec\n}")
                                .post(Api.JOBS)
                                .then(),
                        400,
                        "malformed-json")
                .body("errors[0]", containsString("line 2, column"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"capability": "ShellExec"                                                          | Unexpected end
            {"capability": "ShellExec", "capability": "ShellExec", "arguments": {"cmd": "true"}} | Duplicate field
            {"capability": "ShellExec", "arguments": {"cmd": "true", "cmd": "false"}}           | Duplicate field
            {"capability": "ShellExec", "arguments": {"cmd": "true"}} {}                        | railing
            """)
    void whatIsNotOneJsonDocumentIsRefused(String body, String reason) {
        Api.isProblem(Api.sending(body).post(Api.JOBS).then(), 400, "malformed-json")
                .body("errors[0]", containsString(reason));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            []                                                                        | array
            "ShellExec"                                                               | string
            null                                                                      | null
            {"capability": "ShellExec"}                                               | /arguments
            {"arguments": {}}                                                         | /capability
            {"capability": 7, "arguments": {}}                                        | /capability
            {"capability": "", "arguments": {}}                                       | /capability
            {"capability": "ShellExec", "arguments": "true"}                          | /arguments
            {"capability": "ShellExec", "arguments": {}, "profile": null}             | /profile
            {"capability": "ShellExec", "arguments": {}, "agent": ["me"]}             | /agent
            {"capability": "ShellExec", "arguments": {}, "colour": "red"}             | /colour
            {"capability": "ShellExec", "arguments": {}, "deadline_seconds": 0}       | /deadline_seconds
            {"capability": "ShellExec", "arguments": {}, "deadline_seconds": -1}      | /deadline_seconds
            {"capability": "ShellExec", "arguments": {}, "deadline_seconds": 1e99}    | /deadline_seconds
            {"capability": "ShellExec", "arguments": {}, "deadline_seconds": "soon"}  | /deadline_seconds
            """)
    void aFieldOfAWrongKindIsNamed(String body, String named) {
        Api.isProblem(Api.sending(body).post(Api.JOBS).then(), 400, "invalid-request")
                .body("errors", hasItem(containsString(named)));
    }

    @Test
    void everythingThatIsWrongIsToldAtOnce() {
        Api.isProblem(
                        Api.sending("{\"colour\": 1, \"profile\": 2, \"deadline_seconds\": 0}")
                                .post(Api.JOBS)
                                .then(),
                        400,
                        "invalid-request")
                .body(
                        "errors",
                        hasItems(
                                containsString("/colour"),
                                containsString("/profile"),
                                containsString("/deadline_seconds"),
                                containsString("/capability"),
                                containsString("/arguments")));
    }

    @Test
    void anEmptyBodyIsRefused() {
        Api.isProblem(given().contentType("application/json").post(Api.JOBS).then(), 400, "invalid-request");
    }

    @Test
    void bytesThatAreNoTextAreRefused() {
        Api.isProblem(
                given().contentType("application/json")
                        .body(new byte[] {'{', '"', (byte) 0xc3, (byte) 0x28, '"', '}'})
                        .post(Api.JOBS)
                        .then(),
                400,
                "malformed-json");
    }

    @Test
    void whatIsNestedTooDeepIsRefused() {
        Api.isProblem(
                Api.sending("{\"capability\": \"ShellExec\", \"arguments\": {\"cmd\": " + "[".repeat(5000)
                                + "]".repeat(5000) + "}}")
                        .post(Api.JOBS)
                        .then(),
                400,
                "malformed-json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e999", "-1e999999", "[1, {\"a\": 1e9999999999}]"})
    void aNumberThatNothingCanHoldIsRefusedWithItsPlace(String number) {
        Api.isProblem(
                        Api.sending("{\"capability\": \"ShellExec\", \"arguments\": {\"x\": " + number + "}}")
                                .post(Api.JOBS)
                                .then(),
                        400,
                        "malformed-json")
                .body("errors", hasItem(startsWith("/arguments/x")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/%25/jobs;q=2", "/api/v1/jobs;x", "/api/v1/';--/%25zz", "/v1/models;a=%25"})
    void anAddressWithASemicolonIsRefused(String address) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + address))
                    .build();
            var response = client.send(request, HttpResponse.BodyHandlers.ofString());

            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body()).contains("semicolon");
        }
    }

    @Test
    void halfACharacterInAFieldsNameIsRefused() {
        Api.isProblem(
                Api.sending("{\"capability\": \"ShellExec\", \"arguments\": {\"\\ud800\": 1}}")
                        .post(Api.JOBS)
                        .then(),
                400,
                "malformed-json");
    }

    @ParameterizedTest
    @ValueSource(ints = {LIMIT + 1, 2 * LIMIT})
    void aBodyOverTheLimitIsRefusedWhenItsLengthIsTold(int size) throws Exception {
        assertTooLarge(post(BodyPublishers.ofByteArray(padded(size))));
    }

    @ParameterizedTest
    @ValueSource(ints = {LIMIT + 1, 2 * LIMIT})
    void aBodyOverTheLimitIsRefusedWhenItComesInPieces(int size) throws Exception {
        assertTooLarge(post(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(padded(size)))));
    }

    @Test
    void aModelOverTheLimitIsRefusedWhenItComesInPieces() throws Exception {
        assertTooLarge(post(
                "/api/v1/models", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(padded(LIMIT + 1)))));
    }

    @Test
    void aBodyOfJustTheLimitIsTaken() throws Exception {
        assertThat(post(BodyPublishers.ofByteArray(padded(LIMIT))).statusCode()).isEqualTo(202);
        assertThat(post(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(padded(LIMIT))))
                        .statusCode())
                .isEqualTo(202);
    }

    @Test
    void anUnknownCapabilityIsNamedWithThoseThereAre() {
        Api.isProblem(
                        Api.sending("{\"capability\": \"ShellExcec\", \"arguments\": {}}")
                                .post(Api.JOBS)
                                .then(),
                        422,
                        "unknown-capability")
                .body("detail", containsString("ShellExcec"))
                .body("detail", containsString("ShellExec"));
    }

    @Test
    void anUnknownProfileIsNamed() {
        Api.isProblem(
                        Api.sending(Api.shell("true").put("profile", "nobody").toString())
                                .post(Api.JOBS)
                                .then(),
                        422,
                        "unknown-profile")
                .body("detail", containsString("nobody"));
    }

    /** The message named the parser's own settings. */
    @Test
    void whereMalformedJsonBeganIsToldWithoutTheParsersInside() {
        Api.isProblem(Api.sending("{\"capability\": [").post(Api.JOBS).then(), 400, "malformed-json")
                .body("errors[0]", containsString("(start marker at line: 1, column: 16)"))
                .body("errors[0]", not(containsString("Source")));
    }

    /** It once ran the job for real. */
    @ParameterizedTest
    @ValueSource(strings = {"dryrun=true", "dry_run", "dry_run=", "dry_run=maybe", "Dry_Run=true", "dry_run=true&x=1"})
    void aMisspeltDryRunDoesNotRunTheJob(String query) {
        Api.isProblem(
                Api.sending(Api.shell("true").put("session", "misspelt").toString())
                        .post(Api.JOBS + "?" + query)
                        .then(),
                400,
                "invalid-request");

        assertThat(given().queryParam("session", "misspelt")
                        .get(Api.JOBS)
                        .then()
                        .extract()
                        .<List<Object>>path("jobs"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/api/v1/journal/events?limit=1&after=abc | after: there is no such parameter; there are [agent, from, ",
                "/api/v1/journal/events?limit=1           | limit",
                "/api/v1/jobs?stat=failed                 | there are [agent, before, capability, limit, session, since, state",
                "/api/v1/jobs/1?wait=3                    | wait: there is no such parameter; there is none here",
                "/api/v1/models/select?model=tiny         | there are [agent, capabilities, max_memory_mb]",
                "/api/v1/config?json                      | json"
            })
    void aParameterThatAnAddressDoesNotKnowIsRefusedWithThoseItDoes(String address, String said) {
        Api.isProblem(given().urlEncodingEnabled(false).get(address).then(), 400, "invalid-request")
                .body("errors", hasItem(containsString(said)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/jobs/?limit=3",
                "/api/v1/jobs?limit=3",
                "/api/v1/agents/a/models",
                "/q/openapi?format=json"
            })
    void aParameterThatAnAddressKnowsIsTaken(String address) {
        given().get(address).then().statusCode(200);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PUT    | /api/v1/jobs             | GET, HEAD, OPTIONS, POST",
                "DELETE | /api/v1/jobs             | GET, HEAD, OPTIONS, POST",
                "PUT    | /api/v1/jobs/1           | DELETE, GET, HEAD, OPTIONS",
                "POST   | /api/v1/jobs/1/events    | GET, HEAD, OPTIONS",
                "GET    | /api/v1/catalog/reload   | OPTIONS, POST",
                "PATCH  | /api/v1/sessions/a/close | OPTIONS, POST"
            })
    void anAddressTellsWhichMethodsItTakes(String method, String address, String allowed) {
        Api.isProblem(given().request(method, address).then(), 405, "method-not-allowed")
                .header("Allow", equalTo(allowed));

        given().options(address).then().statusCode(204).header("Allow", equalTo(allowed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1001", "-1", "many"})
    void aLimitThatIsNoneIsRefused(String limit) {
        Api.isProblem(given().queryParam("limit", limit).get(Api.JOBS).then(), 400, "invalid-request")
                .body("errors[0]", containsString("limit"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "x", "99999999999999999999"})
    void aPlaceInTheEventsThatIsNoneIsRefused(String after) {
        var id = Api.submit(Api.shell("true"));

        Api.isProblem(
                        given().queryParam("after", after)
                                .get(Api.JOBS + "/" + id + "/events")
                                .then(),
                        400,
                        "invalid-request")
                .body("errors[0]", containsString("after"));
    }

    /** As text it is small enough, as objects it would be a hundred times as large. */
    @ParameterizedTest
    @ValueSource(strings = {Api.JOBS, "/api/v1/sessions"})
    void aBodyOfNothingButBracketsIsRefusedBeforeItFillsTheMemory(String address) {
        var body = "{\"capability\": \"ShellExec\", \"arguments\": {\"x\": [{}" + ",{}".repeat(2_700_000) + "]}}";

        Api.isProblem(Api.sending(body).post(address).then(), 400, "malformed-json")
                .body("errors[0]", containsString("400000"));
    }

    @Test
    void anUnknownJobIsAProblemWhateverIsAskedOfIt() {
        var job = Api.JOBS + "/no-such-job";

        Api.isProblem(given().get(job).then(), 404, "unknown-job");
        Api.isProblem(given().delete(job).then(), 404, "unknown-job");
        Api.isProblem(given().accept("text/event-stream").get(job + "/events").then(), 404, "unknown-job");
    }

    @Test
    void aStreamedSubmissionThatIsRefusedIsAProblemToo() {
        Api.isProblem(
                Api.sending("{}").accept("text/event-stream").post(Api.JOBS).then(), 400, "invalid-request");
        Api.isProblem(
                Api.sending("{\"capability\": \"Nothing\", \"arguments\": {}}")
                        .accept("text/event-stream")
                        .post(Api.JOBS)
                        .then(),
                422,
                "unknown-capability");
    }

    @Test
    void whatHttpItselfRefusesIsAProblemToo() {
        Api.isProblem(given().get("/api/v1/nothing").then(), 404, "not-found");
        Api.isProblem(given().get("/nothing").then(), 404, "not-found");
        Api.isProblem(given().put(Api.JOBS).then(), 405, "method-not-allowed");
        Api.isProblem(given().accept("text/csv").get(Api.JOBS).then(), 406, "not-acceptable");
        Api.isProblem(
                given().contentType("text/plain").body("{}").post(Api.JOBS).then(), 415, "unsupported-media-type");
    }

    private static void assertTooLarge(HttpResponse<String> response) throws Exception {
        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith("application/problem+json");
        var problem = new ObjectMapper().readTree(response.body());
        assertThat(problem.path("type").asText()).isEqualTo("/problems/body-too-large");
        assertThat(problem.path("detail").asText()).contains("the limit is " + LIMIT, "ringfence.http.body-limit");
    }

    /** A job whose body has exactly this size; it runs nothing. */
    private static byte[] padded(int size) {
        var head = "{\"capability\": \"ShellExec\", \"arguments\": {\"padding\": \"";
        var foot = "\"}}";
        return (head + "x".repeat(size - head.length() - foot.length()) + foot).getBytes(StandardCharsets.UTF_8);
    }

    private static HttpResponse<String> post(BodyPublisher body) throws Exception {
        return post(Api.JOBS, body);
    }

    private static HttpResponse<String> post(String address, BodyPublisher body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + address))
                .version(HttpClient.Version.HTTP_1_1)
                .header("Content-Type", "application/json")
                .POST(body)
                .build();
        try (var client = HttpClient.newHttpClient()) {
            return client.send(request, BodyHandlers.ofString());
        }
    }
}
