package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.junit.jupiter.api.Test;

/** The guard's limit is beyond what any host has. */
@QuarkusTest
@TestProfile(WholeService.Guarded.class)
class GuardOverHttpTest {
    private static final String KEY = "ringfence.guard.disk-free";

    @Test
    void aHostThatIsTooBusyRefusesWithReadingAndLimit() {
        var refused = Api.isProblem(
                        Api.sending(Api.shell("true").toString()).post(Api.JOBS).then(), 503, "guard")
                .body("key", equalTo(KEY))
                .body("reading", greaterThan(0f))
                .body("detail", containsString(KEY))
                .extract();

        assertThat(refused.jsonPath().getDouble("limit"))
                .isGreaterThan(refused.jsonPath().getDouble("reading"));
        assertThat(Integer.parseInt(refused.header("Retry-After"))).isPositive();
        given().get(Api.JOBS).then().statusCode(200).body("jobs", hasSize(0));
    }

    @Test
    void openAisClientsAreRefusedInTheirForm() {
        Api.sending("{\"model\":\"lost\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}")
                .post("/v1/chat/completions")
                .then()
                .statusCode(503)
                .header("Retry-After", "30");
    }

    @Test
    void itsStateIsInTelemetryHealthAndMetrics() {
        given().get("/api/v1/telemetry")
                .then()
                .statusCode(200)
                .body("guard.open", equalTo(false))
                .body("guard.reason", containsString(KEY))
                .body("guard.limits.find { it.key == '" + KEY + "' }.closed", equalTo(true))
                .body("guard.limits.find { it.key == 'ringfence.guard.memory' }.closed", equalTo(false));
        given().get("/q/health/ready")
                .then()
                .statusCode(200)
                .body(
                        "checks.find { it.name == 'journal writable, not draining' }.data.guard",
                        containsString("closed: "))
                .body("checks.find { it.name == 'journal writable, not draining' }.data.engines_failed", equalTo(0));
        given().get("/q/metrics")
                .then()
                .statusCode(200)
                .body(containsString("ringfence_guard_closed{limit=\"disk-free\"} 1.0"))
                .body(containsString("ringfence_guard_closed{limit=\"memory\"} 0.0"));
    }
}
