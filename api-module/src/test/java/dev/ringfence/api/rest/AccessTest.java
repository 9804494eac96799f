package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.not;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.net.Socket;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@TestProfile(KeysRequired.class)
class AccessTest {
    private static RequestSpecification as(String secret) {
        return given().header("Authorization", "Bearer " + secret);
    }

    private static RequestSpecification submitting(String secret, String body) {
        return as(secret).contentType(ContentType.JSON).body(body);
    }

    private static String shell(String more) {
        return "{\"capability\":\"ShellExec\",\"arguments\":{\"cmd\":\"true\"}" + more + "}";
    }

    private static String submit(String secret) {
        return submitting(secret, shell(""))
                .header("Prefer", "wait=120")
                .post(Api.JOBS)
                .then()
                .statusCode(200)
                .body("state", equalTo("completed"))
                .extract()
                .path("id");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/jobs",
                "/api/v1/capabilities",
                "/api/v1/models",
                "/api/v1/fence",
                "/api/v1/telemetry",
                "/api/v1/processes",
                "/q/metrics",
                "/v1/models",
                "/nowhere",
                "/q/health/../metrics",
                "/q/health/%2e%2e/metrics",
                "/q/health/live/",
                "/q/health/live/x"
            })
    void withoutAKeyNothingIsTold(String path) {
        var response = given().urlEncodingEnabled(false).get(path).then().statusCode(401);

        assertThat(response.extract().header("WWW-Authenticate")).isEqualTo("Bearer");
        assertThat(response.extract().asString()).contains("Authorization: Bearer");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/q/metrics",
                "/q/metrics/",
                "/q/metrics/x",
                "/q//metrics",
                "//q/metrics",
                "/q/./metrics",
                "/q/x/../metrics",
                "/q/%2e/metrics",
                "/q/health/%2e%2e/metrics",
                "/q/health/../metrics/x",
                "/q/swagger-ui/../metrics",
                "/q/%6detrics",
                "/%71/metrics",
                "/q%2fmetrics",
                "/q/metrics%2f",
                "/q/metrics;x=y",
                "/q;x/metrics",
                "/Q/METRICS",
                "/q",
                "/q/",
                "/q/info"
            })
    void onlyAdministratorsReadTheMetricsHoweverTheAddressIsWritten(String path) {
        var builder = as(KeysRequired.Secrets.BUILDER).urlEncodingEnabled(false).get(path);

        assertThat(builder.statusCode()).isIn(400, 403, 404);
        assertThat(builder.asString()).doesNotContain("# HELP");
    }

    /** They name files of the host, and models that the agent may not see. */
    @Test
    void onlyAdministratorsAreToldWhatIsDoubtfulAboutTheCatalog() {
        as(KeysRequired.Secrets.BUILDER)
                .get("/api/v1/catalog")
                .then()
                .statusCode(200)
                .body("models", equalTo(2))
                .body("$", not(hasKey("warnings")));
        as(KeysRequired.Secrets.ADMIN)
                .get("/api/v1/catalog")
                .then()
                .body("warnings", hasItem(containsString("/nowhere/lost.gguf is not there")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/q/metrics", "/q/metrics/", "/q/metrics/x"})
    void administratorsReadTheMetrics(String path) {
        assertThat(as(KeysRequired.Secrets.ADMIN)
                        .get(path)
                        .then()
                        .statusCode(200)
                        .extract()
                        .asString())
                .contains("# HELP");
        given().get(path).then().statusCode(401);
    }

    @Test
    void openAisClientsAreRefusedInTheirForm() {
        given().contentType(ContentType.JSON)
                .body("{}")
                .post("/v1/chat/completions")
                .then()
                .statusCode(401)
                .body("error.code", equalTo("invalid_api_key"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/q/health", "/q/health/live", "/q/health/ready", "/q/health/started", "/q/openapi"})
    void probesAndTheDescriptionOfTheApiNeedNoKey(String path) {
        given().get(path).then().statusCode(200);
    }

    static Stream<String> wrongCredentials() {
        var builder = KeysRequired.Secrets.BUILDER;
        return Stream.of(
                "",
                "Bearer",
                "Bearer ",
                "Basic " + builder,
                builder,
                "Bearer " + builder + "x",
                "Bearer " + builder.substring(1),
                "Bearer " + builder + " " + builder,
                "Bearer rf_",
                "Bearer a.b.c",
                "Bearer " + "x".repeat(5000));
    }

    @ParameterizedTest
    @MethodSource("wrongCredentials")
    void aWrongCredentialIsRefused(String header) {
        Api.isProblem(given().header("Authorization", header).get(Api.JOBS).then(), 401, "unauthenticated");
    }

    @Test
    void aRefusedBodyIsNotReadAsTheNextRequest() {
        given().contentType(ContentType.JSON)
                .body("{\"x\":\"" + "y".repeat(100_000) + "\"}")
                .post(Api.JOBS)
                .then()
                .statusCode(401)
                .header("Connection", "close");
        as(KeysRequired.Secrets.BUILDER).get(Api.JOBS).then().statusCode(200);
    }

    @Test
    void aJobBelongsToTheKeysAgent() {
        var id = submit(KeysRequired.Secrets.BUILDER);

        as(KeysRequired.Secrets.BUILDER)
                .get(Api.JOBS + "/" + id)
                .then()
                .statusCode(200)
                .body("agent", equalTo("builder"));
    }

    @Test
    void anotherAgentsJobDoesNotExist() {
        var id = submit(KeysRequired.Secrets.BUILDER);
        var address = Api.JOBS + "/" + id;
        var other = KeysRequired.Secrets.OTHER;

        Api.isProblem(as(other).get(address).then(), 404, "unknown-job");
        Api.isProblem(as(other).delete(address).then(), 404, "unknown-job");
        as(other).get(address + "/events").then().statusCode(404);
        assertThat(as(other).get(Api.JOBS).then().extract().<List<String>>path("jobs.agent"))
                .doesNotContain("builder");
        as(KeysRequired.Secrets.ADMIN).get(address).then().statusCode(200);
        assertThat(as(KeysRequired.Secrets.ADMIN).get(Api.JOBS).then().extract().<List<String>>path("jobs.id"))
                .contains(id);
    }

    @Test
    void anAgentSeesTheProcessesOfItsOwnJobsOnly() {
        var builder = KeysRequired.Secrets.BUILDER;
        String id = submitting(builder, "{\"capability\":\"ShellExec\",\"arguments\":{\"cmd\":\"sleep 300\"}}")
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .extract()
                .path("id");
        try {
            for (var secret : List.of(builder, KeysRequired.Secrets.ADMIN)) {
                await().until(() -> processes(secret).contains(id));
            }
            assertThat(processes(KeysRequired.Secrets.OTHER)).isEmpty();
        } finally {
            as(builder).delete(Api.JOBS + "/" + id).then().statusCode(200);
        }
    }

    private static List<String> processes(String secret) {
        return as(secret)
                .get("/api/v1/processes")
                .then()
                .statusCode(200)
                .extract()
                .path("processes.job");
    }

    @Test
    void onlyAnAdministratorActsForAnotherAgent() {
        Api.isProblem(
                submitting(KeysRequired.Secrets.BUILDER, shell(",\"agent\":\"other\""))
                        .post(Api.JOBS)
                        .then(),
                403,
                "forbidden");
        submitting(KeysRequired.Secrets.BUILDER, shell(",\"agent\":\"builder\""))
                .post(Api.JOBS)
                .then()
                .statusCode(202);
        submitting(KeysRequired.Secrets.ADMIN, shell(",\"agent\":\"builder\""))
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .body("agent", equalTo("builder"));
    }

    @Test
    void whatAnAgentIsNotGrantedIsRefusedByName() {
        var refused = Api.isProblem(
                        submitting(KeysRequired.Secrets.OTHER, shell(",\"profile\":\"standard\""))
                                .post(Api.JOBS)
                                .then(),
                        403,
                        "not-granted")
                .extract();
        assertThat(refused.<String>path("detail")).contains("agents.other.profiles", "standard");

        var unknown = KeysRequired.Secrets.STORE.create("stranger", false, Optional.empty(), "");
        Api.isProblem(submitting(unknown.secret(), shell("")).post(Api.JOBS).then(), 403, "not-granted");
    }

    @Test
    void whoSubmitsFasterThanGrantedIsToldWhenToComeAgain() {
        var limited = KeysRequired.Secrets.STORE.create("limited", false, Optional.empty(), "");
        for (int i = 0; i < 5; i++) {
            submitting(limited.secret(), shell("")).post(Api.JOBS).then().statusCode(202);
        }

        var refused = Api.isProblem(
                        submitting(limited.secret(), shell("")).post(Api.JOBS).then(), 429, "rate-limited")
                .extract();

        assertThat(refused.<String>path("detail")).contains("5 jobs a minute", "agents.limited.jobs_per_minute");
        assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(1, 13);
        submitting(KeysRequired.Secrets.BUILDER, shell(""))
                .post(Api.JOBS)
                .then()
                .statusCode(202);
    }

    @Test
    void anAgentWhoseTokensAreUsedUpIsRefusedModelsOnly() {
        var mute = KeysRequired.Secrets.STORE.create("mute", false, Optional.empty(), "");
        var ask = "{\"capability\":\"GenerateText\",\"arguments\":{\"model\":\"lost\",\"prompt\":\"hello\"}}";

        var refused = Api.isProblem(
                        submitting(mute.secret(), ask).post(Api.JOBS).then(), 429, "tokens-exhausted")
                .extract();

        assertThat(refused.<String>path("detail")).contains("agents.mute.tokens_per_day");
        submitting(mute.secret(), "{\"model\":\"lost\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}")
                .post("/v1/chat/completions")
                .then()
                .statusCode(429)
                .body("error.type", equalTo("rate_limit_exceeded"))
                .body("error.code", equalTo("tokens_exhausted"))
                .header("Retry-After", org.hamcrest.Matchers.notNullValue())
                .header("X-Should-Retry", "false");
        submitting(mute.secret(), shell("")).post(Api.JOBS).then().statusCode(202);
    }

    @Test
    void metricsAreForAdministrators() {
        as(KeysRequired.Secrets.BUILDER).get("/q/metrics").then().statusCode(403);
        as(KeysRequired.Secrets.ADMIN).get("/q/metrics").then().statusCode(200);
    }

    @Test
    void aRevokedKeyIsRefusedAtOnce() {
        var made = KeysRequired.Secrets.STORE.create("builder", false, Optional.empty(), "");
        as(made.secret()).get(Api.JOBS).then().statusCode(200);

        var _ = KeysRequired.Secrets.STORE.revoke(made.key().id());

        as(made.secret()).get(Api.JOBS).then().statusCode(401);
    }

    @Test
    void aTokenOfTheProviderNamesTheAgent() {
        var token = KeysRequired.token(KeysRequired.claims("builder"), KeysRequired.Secrets.PROVIDER);

        var id = submit(token);

        as(KeysRequired.Secrets.BUILDER).get(Api.JOBS + "/" + id).then().statusCode(200);
        as(KeysRequired.Secrets.OTHER).get(Api.JOBS + "/" + id).then().statusCode(404);
    }

    @Test
    void aTokenWithTheGroupOfAdministratorsIsOne() {
        var claims = KeysRequired.claims("someone");
        as(KeysRequired.token(claims, KeysRequired.Secrets.PROVIDER))
                .get("/q/metrics")
                .then()
                .statusCode(403);

        claims.setStringListClaim("groups", "ringfence-admin");
        as(KeysRequired.token(claims, KeysRequired.Secrets.PROVIDER))
                .get("/q/metrics")
                .then()
                .statusCode(200);
    }

    static Stream<Consumer<JwtClaims>> wrongClaims() {
        return Stream.of(
                claims -> claims.setIssuer("https://another.example"),
                claims -> claims.setAudience("another"),
                claims -> claims.unsetClaim("aud"),
                claims -> claims.unsetClaim("exp"),
                claims -> claims.unsetClaim("sub"),
                claims -> claims.setExpirationTime(
                        NumericDate.fromSeconds(Instant.now().getEpochSecond() - 60)));
    }

    @ParameterizedTest
    @MethodSource("wrongClaims")
    void aTokenWithAWrongClaimIsRefused(Consumer<JwtClaims> change) {
        var claims = KeysRequired.claims("builder");
        change.accept(claims);

        Api.isProblem(
                as(KeysRequired.token(claims, KeysRequired.Secrets.PROVIDER))
                        .get(Api.JOBS)
                        .then(),
                401,
                "unauthenticated");
    }

    @Test
    void aTokenThatAnotherKeySignedIsRefused() {
        var token = KeysRequired.token(KeysRequired.claims("builder"), KeysRequired.rsa("provider"));

        Api.isProblem(as(token).get(Api.JOBS).then(), 401, "unauthenticated");
    }

    @Test
    void anUnsignedTokenIsRefused() {
        var encoder = java.util.Base64.getUrlEncoder().withoutPadding();
        var header = encoder.encodeToString("{\"alg\":\"none\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        var payload = encoder.encodeToString(
                KeysRequired.claims("builder").toJson().getBytes(java.nio.charset.StandardCharsets.UTF_8));

        Api.isProblem(as(header + "." + payload + ".").get(Api.JOBS).then(), 401, "unauthenticated");
    }

    @Test
    void whoeverDawdlesWithManyLargeBodiesKeepsOnlyItselfFromSendingMore() throws Exception {
        var large = shell("") + " ".repeat(20_000);
        var dawdling =
                SlowBodiesTest.head(large.length(), "Authorization: Bearer " + KeysRequired.Secrets.BUILDER + "\r\n");
        var dawdlers = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 100; i++) {
                var socket = SlowBodiesTest.connect();
                dawdlers.add(socket);
                SlowBodiesTest.send(socket.getOutputStream(), dawdling + "{");
            }
            await().untilAsserted(() -> submitting(KeysRequired.Secrets.BUILDER, large)
                    .post(Api.JOBS)
                    .then()
                    .statusCode(503)
                    .header("Retry-After", "10")
                    .body("type", equalTo("/problems/too-many-bodies")));

            submitting(KeysRequired.Secrets.ADMIN, large).post(Api.JOBS).then().statusCode(202);
        } finally {
            for (var socket : dawdlers) {
                socket.close();
            }
        }
        await().untilAsserted(() -> submitting(KeysRequired.Secrets.BUILDER, large)
                .post(Api.JOBS)
                .then()
                .statusCode(202));
    }
}
