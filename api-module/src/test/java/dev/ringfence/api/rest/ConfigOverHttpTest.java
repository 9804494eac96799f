package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.ringfence.api.Settings;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(KeysRequired.class)
class ConfigOverHttpTest {
    private static final String WEBHOOK = "ringfence.webhooks.endpoints.ops.";

    private static RequestSpecification as(String key) {
        return given().header("Authorization", "Bearer " + key);
    }

    @Test
    void administratorsSeeWhatTheServiceRunsWith() {
        var settings = as(KeysRequired.Secrets.ADMIN)
                .get("/api/v1/config")
                .then()
                .statusCode(200)
                .body(
                        "settings.find { it.key == 'ringfence.catalog' }.value",
                        equalTo("src/test/resources/granted.toml"))
                .body("settings.find { it.key == 'ringfence.jobs.concurrency' }.value", equalTo("16"))
                .body("settings.find { it.key == 'ringfence.jobs.concurrency' }.source", equalTo("default"))
                .body("settings.find { it.key == 'ringfence.fence.bubblewrap' }.source", equalTo("not set"))
                .extract()
                .jsonPath();

        assertThat(settings.<String>getList("settings.key"))
                .containsAll(Settings.known().keySet())
                .isSorted()
                .noneMatch(key -> key.contains("*"));
    }

    @Test
    void secretsAreMaskedAndAgentsSeeNothing() {
        var shown = as(KeysRequired.Secrets.ADMIN)
                .get("/api/v1/config")
                .then()
                .statusCode(200)
                .body("settings.find { it.key == '" + WEBHOOK + "secret' }.value", equalTo("********"))
                .body("settings.find { it.key == '" + WEBHOOK + "url' }.value", equalTo("********"))
                .extract()
                .asString();
        assertThat(shown).doesNotContain(KeysRequired.HIDDEN);
        Api.isProblem(as(KeysRequired.Secrets.BUILDER).get("/api/v1/config").then(), 403, "forbidden");
        given().get("/api/v1/config").then().statusCode(401);
    }
}
