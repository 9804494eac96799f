package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(WholeService.class)
class RetryTest {
    @Test
    void aRetryIsANewJobThatNamesTheOldOne() {
        var old = Api.submit(Api.shell("sleep 0.01; echo again; sleep 300").put("session", "errands"));
        Api.awaitState(old, "started");
        Api.cancel(old);

        var job = retry(old, "retry of " + old, 202);

        assertThat(job.getString("id")).isNotEqualTo(old);
        assertThat(job.getString("retry_of")).isEqualTo(old);
        assertThat(job.getString("session")).isEqualTo("errands");
        assertThat(job.getString("arguments.cmd")).contains("again");
        assertThat(Api.state(old)).isEqualTo("cancelled");
        assertThat(retry(old, "retry of " + old, 202).getString("id")).isEqualTo(job.getString("id"));
        Api.cancel(job.getString("id"));
    }

    @Test
    void aKeyThatRetriedOneJobRetriesNoOther() {
        var one = cancelled();
        var other = cancelled();
        Api.cancel(retry(one, "the key of " + one, 202).getString("id"));

        Api.isProblem(
                given().header("Idempotency-Key", "the key of " + one)
                        .post(Api.JOBS + "/" + other + "/retry")
                        .then(),
                422,
                "idempotency-key-reused");
    }

    @Test
    void whatRunsOrHasCompletedIsNotRetried() {
        var running = Api.submit(Api.shell("sleep 300"));
        var completed = Api.run(Api.shell("true")).getString("id");

        Api.isProblem(given().post(Api.JOBS + "/" + running + "/retry").then(), 409, "not-retryable");
        Api.isProblem(given().post(Api.JOBS + "/" + completed + "/retry").then(), 409, "not-retryable");
        Api.isProblem(given().post(Api.JOBS + "/none/retry").then(), 404, "unknown-job");
        Api.cancel(running);
    }

    private static String cancelled() {
        var id = Api.submit(Api.shell("sleep 300"));
        Api.cancel(id);
        return id;
    }

    private static JsonPath retry(String id, String key, int status) {
        return given().header("Idempotency-Key", key)
                .post(Api.JOBS + "/" + id + "/retry")
                .then()
                .statusCode(status)
                .extract()
                .jsonPath();
    }
}
