package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
@TestProfile(WholeService.class)
class ServiceTest {
    @Test
    void capabilitiesAreListedWithTheirSchemas() {
        given().get("/api/v1/capabilities")
                .then()
                .statusCode(200)
                .body(
                        "capabilities.name",
                        hasItems(
                                "GenerateText",
                                "ChatCompletion",
                                "TextCompletion",
                                "Embeddings",
                                "ShellExec",
                                "FileRead",
                                "FileWrite",
                                "GitExec",
                                "Kill",
                                "Undo"))
                .body("capabilities.find { it.name == 'ShellExec' }.repeatable", equalTo(false))
                .body("capabilities.find { it.name == 'GenerateText' }.repeatable", equalTo(true))
                .body("capabilities.find { it.name == 'GitExec' }.schema.required[0]", equalTo("operation"));
    }

    @Test
    void modelsAreListedWithTheStateOfTheirEngines() {
        given().get("/api/v1/models")
                .then()
                .statusCode(200)
                .body("models.id", containsInAnyOrder("lost", "remote"))
                .body("models.find { it.id == 'remote' }.provider", equalTo("OpenAI"))
                .body("models.find { it.id == 'lost' }.engine.state", equalTo("cold"))
                .body("models.find { it.id == 'remote' }.engine", nullValue())
                .body("models.find { it.id == 'lost' }.capabilities[0]", equalTo("TextGeneration"));
    }

    @Test
    void theFencesOfAllProfilesAreReportedAndThoseThatCannotStandSayWhy() {
        given().get("/api/v1/fence")
                .then()
                .statusCode(200)
                .body("profiles.name", hasItems("secure", "standard", "shell", "outgoing", "accelerated"))
                .body("profiles.find { it.name == 'shell' }.tier", equalTo("namespaces"))
                .body("profiles.find { it.name == 'outgoing' }.refused.field", equalTo("network.allowed_destinations"))
                .body("profiles.find { it.name == 'accelerated' }.refused.message", notNullValue());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"started|journal recovered", "ready|journal writable, not draining", "live|process answers"})
    void aServiceThatIsWellSaysSo(String probe, String check) {
        given().get("/q/health/" + probe)
                .then()
                .statusCode(200)
                .body("status", equalTo("UP"))
                .body("checks.find { it.name == '" + check + "' }.status", equalTo("UP"));
    }

    @Test
    void metricsTellOfJobsAndOfTheJournal() {
        Api.run(Api.shell("true"));

        var metrics = given().get("/q/metrics").then().statusCode(200).extract().asString();

        assertThat(metrics)
                .contains(
                        "ringfence_jobs_live",
                        "ringfence_jobs_submitted_total{capability=\"ShellExec\"",
                        "ringfence_jobs_ended_total{capability=\"ShellExec\",state=\"completed\"",
                        "ringfence_job_duration_seconds_bucket",
                        "ringfence_journal_sync_seconds_count",
                        "ringfence_journal_batch_count");
    }

    @Test
    void theDescriptionOfTheApiListsItsPaths() {
        var paths = given().queryParam("format", "json")
                .get("/q/openapi")
                .then()
                .statusCode(200)
                .extract()
                .jsonPath()
                .<Map<String, Object>>get("paths");

        assertThat(paths)
                .containsKeys(
                        "/api/v1/jobs",
                        "/api/v1/jobs/{id}",
                        "/api/v1/jobs/{id}/events",
                        "/api/v1/capabilities",
                        "/api/v1/models",
                        "/api/v1/fence");
    }
}
