package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.ringfence.api.access.KeyStore;
import dev.ringfence.api.rest.WholeService.KeysOfItsOwn;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What happens to the file of keys while the service runs. */
@QuarkusTest
@TestProfile(KeysOfItsOwn.class)
class LostKeysTest {
    private static final Path FILE = KeysOfItsOwn.FILE;

    private String secret = "";

    @BeforeEach
    void makeAKey() {
        secret =
                new KeyStore(FILE).create("builder", true, Optional.empty(), "").secret();
    }

    @AfterEach
    void bringTheFileBack() throws IOException {
        var lost = FILE.resolveSibling("lost.json");
        if (Files.exists(lost)) {
            Files.move(lost, FILE);
        }
        Files.setPosixFilePermissions(FILE, PosixFilePermissions.fromString("rw-------"));
    }

    private RequestSpecification withKey() {
        return given().header("Authorization", "Bearer " + secret);
    }

    private static void isUnavailable(ValidatableResponse answer) {
        Api.isProblem(answer, 503, "access-unavailable").header("Retry-After", "10");
    }

    @Test
    void aFileThatIsTakenAwayLetsNobodyInAndSaysWhenToComeAgain() throws IOException {
        given().get(Api.JOBS).then().statusCode(401);
        Files.move(FILE, FILE.resolveSibling("lost.json"));

        given().get(Api.JOBS).then().statusCode(401);
        isUnavailable(withKey().get(Api.JOBS).then());
        withKey()
                .get("/v1/models")
                .then()
                .statusCode(503)
                .header("Retry-After", "10")
                .body("error.code", equalTo("access_unavailable"));

        Files.move(FILE.resolveSibling("lost.json"), FILE);
        withKey().get(Api.JOBS).then().statusCode(200);
    }

    @Test
    void aFileThatOthersMayWriteNowLetsNobodyIn() throws IOException {
        withKey().get(Api.JOBS).then().statusCode(200);
        Files.setPosixFilePermissions(FILE, PosixFilePermissions.fromString("rw-rw-rw-"));

        isUnavailable(withKey().get(Api.JOBS).then());
    }

    @Test
    void openMetricsAreReadWithoutAKeyAndNothingBesideThem() {
        for (var path : new String[] {"/q/metrics", "/q/metrics/x"}) {
            given().get(path).then().statusCode(200).body(containsString("# HELP"));
        }
        for (var path : new String[] {"/q/metrics/../../api/v1/jobs", "/q/metrics/%2e%2e/info", "/q/metricsx", "/q"}) {
            given().urlEncodingEnabled(false).get(path).then().statusCode(401);
        }
    }

    @Test
    void whatMayPassSaysWhenToComeAgain() {
        for (int status : new int[] {429, 503, 507}) {
            assertThat(new Problem(status, "x", "X", "").response().getHeaderString("Retry-After"))
                    .isEqualTo("10");
        }
        assertThat(new Problem(409, "x", "X", "").response().getHeaderString("Retry-After"))
                .isNull();
    }

    @Test
    void theHealthOfAModelThatDoesNotAnswerSaysWhenToComeAgain() {
        withKey()
                .get("/api/v1/models/lost/health?load=true")
                .then()
                .statusCode(503)
                .header("Retry-After", "30");
    }
}
