package dev.ringfence.api.rest.openai;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The service where prompts and answers are not kept. */
@QuarkusTest
@TestProfile(DiscreetOverHttpTest.Discreet.class)
class DiscreetOverHttpTest {
    public static final class Discreet implements QuarkusTestProfile {
        static final ScriptedService SERVICE = new ScriptedService();

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("ringfence.catalog", SERVICE.catalog().toString(), "ringfence.journal.prompts", "hash");
        }
    }

    @Test
    void whoWatchesAJobIsToldHowItStandsAndNothingOfTheAnswer() {
        Discreet.SERVICE.streams(
                "{\"choices\":[{\"delta\":{\"content\":\"open sesame\"}}]}",
                "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}");

        var answer = ask("custom");

        assertThat(answer.path("choices[0].message.content").toString()).isEqualTo("open sesame");
        given().get("/api/v1/jobs/" + answer.header("X-Job-Id") + "/events")
                .then()
                .statusCode(200)
                .body(containsString("completed"))
                .body(not(containsString("sesame")));
    }

    @Test
    void whatAServiceSaysOfARequestIsTheCallersAloneToRead() {
        Discreet.SERVICE.answers(400, "{\"error\":{\"message\":\"what means 'open sesame'?\"}}");

        var answer = ask("custom");

        assertThat(answer.path("error.message").toString()).contains("open sesame");
        given().get("/api/v1/jobs/" + answer.header("X-Job-Id"))
                .then()
                .body("error.type", equalTo("invalid-request"))
                .body("error.message", startsWith("not kept, since ringfence.journal.prompts is hash; SHA-256 "))
                .body(not(containsString("sesame")));
    }

    @Test
    void aJobWhoseRequestWasNotKeptCannotBeRetried() {
        Discreet.SERVICE.answers(400, "{\"error\":{\"message\":\"no\"}}");
        var job = ask("custom").header("X-Job-Id");

        given().post("/api/v1/jobs/" + job + "/retry")
                .then()
                .statusCode(409)
                .body("type", endsWith("not-retryable"))
                .body("detail", containsString("only hashes were kept"));
    }

    private static Response ask(String model) {
        return given().contentType(ContentType.JSON)
                .body("{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"open sesame\"}]}")
                .post("/v1/chat/completions");
    }
}
