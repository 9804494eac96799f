package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.startsWith;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.Header;
import io.restassured.http.Headers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@TestProfile(WholeService.class)
class IdempotencyKeyTest {
    static List<List<String>> keysThatAreNone() {
        return List.of(List.of("k".repeat(256)), List.of(""), List.of(" "), List.of("one", "two"), List.of("k", "k"));
    }

    @ParameterizedTest
    @MethodSource("keysThatAreNone")
    void anIdempotencyKeyThatIsNoneOrOneOfManyIsRefused(List<String> keys) {
        var id = Api.submit(Api.shell("false"));
        Api.awaitState(id, "completed");
        var headers = new Headers(
                keys.stream().map(key -> new Header("Idempotency-Key", key)).toList());
        var submission = Api.shell("true").toString();
        for (var refused : List.of(
                Api.sending(submission).headers(headers).post(Api.JOBS),
                Api.sending(submission)
                        .headers(headers)
                        .accept("text/event-stream")
                        .post(Api.JOBS),
                given().headers(headers).post(Api.JOBS + "/" + id + "/retry"))) {
            Api.isProblem(refused.then(), 400, "invalid-request").body("errors[0]", containsString("Idempotency-Key"));
        }
    }

    /** It was kept as a question mark is, and a request with one was taken for the same. */
    @ParameterizedTest
    @ValueSource(strings = {"{\"argv\": [\"true\", \"\\ud800\"]}", "{\"argv\": [\"true\", \"\\udc00\\ud800\"]}"})
    void halfACharacterIsRefusedBeforeAKeyIsLookedFor(String arguments) {
        var key = "half-" + arguments.hashCode();
        Api.sending(Api.shell("true").toString()).header("Idempotency-Key", key).post(Api.JOBS);

        Api.isProblem(
                        Api.sending("{\"capability\": \"ShellExec\", \"arguments\": " + arguments + "}")
                                .header("Idempotency-Key", key)
                                .post(Api.JOBS)
                                .then(),
                        400,
                        "malformed-json")
                .body("errors[0]", startsWith("/arguments/"))
                .body("errors[0]", containsString("half of a character"));
    }

    @Test
    void aWholeCharacterBeyondTheFirstPlaneIsTaken() {
        Api.sending("{\"capability\": \"ShellExec\", \"arguments\": {\"argv\": [\"true\", \"\\ud83e\\udd8a\"]}}")
                .post(Api.JOBS)
                .then()
                .statusCode(202);
    }
}
