package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import java.util.List;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(WholeService.class)
class HostOverHttpTest {
    private static final String PROCESSES = "/api/v1/processes";

    @Test
    void theHostsLoadIsTold() {
        given().get("/api/v1/telemetry")
                .then()
                .statusCode(200)
                .body("processors.count", greaterThan(0))
                .body("memory.used_percent", greaterThan(0f))
                .body("disk.free_bytes", greaterThan(0L))
                .body("processes.total", greaterThan(0))
                .body("guard.enabled", equalTo(false))
                .body("guard.open", equalTo(true));
    }

    @Test
    void aResultHasTheLoadBeforeAndAfter() {
        var result = Api.run(Api.shell("true"));

        for (var when : List.of("before", "after")) {
            assertThat(result.getDouble("result.telemetry." + when + ".memory.used_percent"))
                    .isPositive();
            assertThat(result.getString("result.telemetry." + when + ".at")).isNotBlank();
        }
    }

    @Test
    void aFailureHasTheLoadAsWell() {
        var job = Api.shell("true").put("profile", "accelerated");

        assertThat(Api.run(job).getString("result.telemetry.before.at")).isNotBlank();
    }

    @Test
    void theProcessesOfARunningJobAreListedAlsoThoseThatLeftItsTree() {
        var duration = Api.rareDuration();
        var id = Api.submit(Api.shell("setsid -f sleep " + duration + "; sleep " + duration + " & wait; wait"));
        try {
            await().until(() -> sleeping(id, duration).size() == 2);
            var all = given().get(PROCESSES).then().statusCode(200).extract().jsonPath();

            assertThat(all.getList("processes.job")).containsOnly(id);
            assertThat(all.getList("processes.capability")).containsOnly("ShellExec");
            assertThat(all.getList("processes.memory_bytes")).hasSizeGreaterThan(2);
            var other = given().queryParam("job", "another").get(PROCESSES).jsonPath();
            assertThat(other.getList("processes")).isEmpty();
        } finally {
            Api.cancel(id);
        }
        assertThat(listed(id).getList("processes")).isEmpty();
    }

    private static JsonPath listed(String id) {
        return given().queryParam("job", id)
                .get(PROCESSES)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
    }

    private static List<?> sleeping(String id, String duration) {
        return listed(id).getList("processes.findAll { it.command == ['sleep', '" + duration + "'] }");
    }
}
