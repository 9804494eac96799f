package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The journal tells who did or was refused what. */
@QuarkusTest
@TestProfile(KeysRequired.class)
class AuditTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static RequestSpecification as(String secret) {
        return given().header("Authorization", "Bearer " + secret);
    }

    private static RequestSpecification submitting(String secret, String more) {
        return as(secret)
                .contentType(ContentType.JSON)
                .body("{\"capability\":\"ShellExec\",\"arguments\":{\"cmd\":\"sleep 300\"}" + more + "}");
    }

    /** Events of a type that a query finds, the newest last. */
    private static List<JsonNode> events(String query) {
        var lines = as(KeysRequired.Secrets.ADMIN).get("/api/v1/journal/events" + (query.isEmpty() ? "" : "?" + query));
        return lines.then()
                .statusCode(200)
                .extract()
                .asString()
                .lines()
                .map(AuditTest::json)
                .toList();
    }

    private static JsonNode json(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for it: nobody waits for the disk before the answer. */
    private static JsonNode audited(String action, String query) {
        await().until(() -> events("type=audited&" + query).stream()
                .anyMatch(event -> event.path("action").asText().equals(action)));
        return events("type=audited&" + query).stream()
                .filter(event -> event.path("action").asText().equals(action))
                .reduce((_, last) -> last)
                .orElseThrow();
    }

    private static String credential(String secret) {
        return "key:" + secret.split("_", 3)[1];
    }

    @Test
    void aSubmissionSaysWithWhichCredentialItCameAlsoForAnotherAgentAndACancellationToo() {
        String id = submitting(KeysRequired.Secrets.ADMIN, ",\"agent\":\"builder\"")
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .extract()
                .path("id");

        var submitted = events("type=submitted&job=" + id).getFirst();
        assertThat(submitted.path("agent").asText()).isEqualTo("builder");
        assertThat(submitted.path("by").asText()).isEqualTo(credential(KeysRequired.Secrets.ADMIN));

        as(KeysRequired.Secrets.BUILDER).delete(Api.JOBS + "/" + id).then().statusCode(200);

        var cancelled = audited("job_cancelled", "job=" + id);
        assertThat(cancelled.path("by").asText()).isEqualTo(credential(KeysRequired.Secrets.BUILDER));
        assertThat(cancelled.path("agent").asText()).isEqualTo("builder");
        assertThat(cancelled.path("from").asText()).isEqualTo("127.0.0.1");
    }

    @Test
    void aTokenIsKnownByWhomItNames() {
        var token = KeysRequired.token(KeysRequired.claims("builder"), KeysRequired.Secrets.PROVIDER);
        String id = submitting(token, "")
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .extract()
                .path("id");
        as(token).delete(Api.JOBS + "/" + id).then().statusCode(200);

        assertThat(events("type=submitted&job=" + id).getFirst().path("by").asText())
                .isEqualTo("token:builder");
    }

    @Test
    void whatIsNotGrantedIsToldWithWhoAskedAndWhy() {
        var key = KeysRequired.Secrets.STORE.create("other", false, Optional.empty(), "");
        submitting(key.secret(), ",\"profile\":\"standard\"")
                .post(Api.JOBS)
                .then()
                .statusCode(403);

        await().untilAsserted(() -> {
            var refused = of(key.key().id());
            assertThat(refused.path("agent").asText()).isEqualTo("other");
            assertThat(refused.path("target").asText()).isEqualTo("POST /api/v1/jobs");
            assertThat(refused.path("detail").asText())
                    .startsWith("not-granted: ")
                    .contains("agents.other.profiles", "standard");
        });
    }

    /** The refusal of a key. */
    private static JsonNode of(String key) {
        return events("type=audited").stream()
                .filter(event -> event.path("by").asText().equals("key:" + key))
                .findFirst()
                .orElseThrow(AssertionError::new);
    }

    @Test
    void whatIsForAdministratorsIsToldOnAllFaces() {
        for (var path : List.of("/q/metrics", "/api/v1/journal/stats")) {
            var key = KeysRequired.Secrets.STORE.create("other", false, Optional.empty(), "");
            as(key.secret()).get(path).then().statusCode(403);

            await().untilAsserted(() ->
                    assertThat(of(key.key().id()).path("target").asText()).isEqualTo("GET " + path));
        }
        var key = KeysRequired.Secrets.STORE.create("other", false, Optional.empty(), "");
        as(key.secret())
                .header("X-Ringfence-Agent", "builder")
                .get("/v1/models")
                .then()
                .statusCode(403);
        await().untilAsserted(() ->
                assertThat(of(key.key().id()).path("detail").asText()).startsWith("forbidden: "));
    }

    @Test
    void aWrongKeyIsToldWithoutTheKey() {
        given().header("Authorization", "Bearer rf_000000000000_doNotShowThis")
                .get("/api/v1/fence")
                .then()
                .statusCode(401);

        var refused = audited("refused", "");
        assertThat(refused.path("from").asText()).isEqualTo("127.0.0.1");
        assertThat(events("")).noneMatch(event -> event.toString().contains("doNotShowThis"));
    }

    @Test
    void aReloadAndTheEndOfASessionAreToldWithWhoDidIt() {
        var admin = KeysRequired.Secrets.ADMIN;
        as(admin).post("/api/v1/catalog/reload").then().statusCode(200);
        assertThat(audited("catalog_reloaded", "").path("by").asText()).isEqualTo(credential(admin));

        as(KeysRequired.Secrets.BUILDER)
                .contentType(ContentType.JSON)
                .body("{\"id\":\"audited\"}")
                .post("/api/v1/sessions")
                .then()
                .statusCode(201);
        as(admin).delete("/api/v1/sessions/audited?agent=builder").then().statusCode(200);
        var deleted = audited("session_deleted", "session=audited&agent=builder");
        assertThat(deleted.path("by").asText()).isEqualTo(credential(admin));
    }
}
