package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.http.Method;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A browser on the service's host shows a page of somebody else's, and no key exists. */
@QuarkusTest
@TestProfile(WholeService.class)
class ForeignPagesTest {
    private static final String EVIL = "http://evil.example";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/jobs",
                "/q/metrics",
                "/q/metrics/x",
                "/q/health",
                "/q/openapi",
                "/q/swagger-ui/",
                "/v1/models",
                "/nowhere"
            })
    void aPageWhoseNameResolvesHereIsToldNothing(String path) {
        var told = given().header("Host", "evil.example")
                .get(path)
                .then()
                .statusCode(421)
                .extract()
                .asString();

        assertThat(told).contains("evil.example", "use localhost").doesNotContain("# HELP");
    }

    @Test
    void theNamesOfTheLoopbackAddressAreTaken() {
        for (var name : new String[] {"localhost", "127.0.0.1", "[::1]", "LocalHost"}) {
            given().header("Host", name + ":" + RestAssured.port)
                    .get("/q/health/live")
                    .then()
                    .statusCode(200);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /api/v1/sessions/any/close",
        "POST, /api/v1/jobs",
        "POST, /api/v1/jobs/any/retry",
        "DELETE, /api/v1/jobs/any",
        "POST, /v1/chat/completions",
        "OPTIONS, /api/v1/jobs",
        "POST, /api/v1/catalog/reload"
    })
    void aForeignPageChangesNothing(Method method, String path) {
        for (var origin : new String[] {EVIL, "null", "https://127.0.0.1:" + RestAssured.port}) {
            given().header("Origin", origin).request(method, path).then().statusCode(403);
        }
    }

    @Test
    void aForeignPageDoesNotCloseASession() {
        var session = "/api/v1/sessions/watched";
        Api.run(Api.shell("true").put("session", "watched"));

        Api.isProblem(given().header("Origin", EVIL).post(session + "/close").then(), 403, "forbidden");

        assertThat(given().get(session).then().extract().<String>path("state")).isEqualTo("open");
    }

    @Test
    void theServicesOwnPageMayChangeThings() {
        var own = RestAssured.baseURI + ":" + RestAssured.port;

        Api.isProblem(
                given().log()
                        .all()
                        .header("Origin", own)
                        .delete(Api.JOBS + "/any")
                        .then()
                        .log()
                        .all(),
                404,
                "unknown-job");
    }
}
