package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;
import java.util.UUID;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(KeysRequired.class)
class SessionsOverHttpTest {
    private static final String SESSIONS = "/api/v1/sessions";
    private static final String BUILDER = KeysRequired.Secrets.BUILDER;
    private static final String OTHER = KeysRequired.Secrets.OTHER;
    private static final String ADMIN = KeysRequired.Secrets.ADMIN;

    @Test
    void aSessionHasTheJobsThatNameIt() {
        var name = made(BUILDER);
        var first = job(BUILDER, name, "true");
        var second = job(BUILDER, name, "exit 1");
        job(BUILDER, name + "-other", "true");

        var jobs = get(BUILDER, SESSIONS + "/" + name + "/jobs", 200);

        assertThat(jobs.getList("jobs.id")).containsExactly(second, first);
        assertThat(get(BUILDER, SESSIONS + "/" + name, 200).getString("state")).isEqualTo("open");
        assertThat(get(BUILDER, SESSIONS, 200).getList("sessions.id")).contains(name, name + "-other");
    }

    @Test
    void anotherAgentSeesNothingOfIt() {
        var name = made(BUILDER);
        var job = job(BUILDER, name, "true");

        assertThat(get(OTHER, SESSIONS, 200).getList("sessions.id")).doesNotContain(name);
        for (var path : new String[] {"", "/jobs"}) {
            Api.isProblem(as(OTHER).get(SESSIONS + "/" + name + path).then(), 404, "unknown-session");
        }
        Api.isProblem(as(OTHER).post(SESSIONS + "/" + name + "/close").then(), 404, "unknown-session");
        Api.isProblem(as(OTHER).delete(SESSIONS + "/" + name).then(), 404, "unknown-session");
        Api.isProblem(as(OTHER).get(SESSIONS + "/" + name + "?agent=builder").then(), 403, "forbidden");
        made(OTHER, name);
        assertThat(get(OTHER, SESSIONS + "/" + name + "/jobs", 200).getList("jobs"))
                .isEmpty();
        assertThat(get(ADMIN, SESSIONS + "/" + name + "/jobs?agent=builder", 200)
                        .getList("jobs.id"))
                .containsExactly(job);
        assertThat(get(ADMIN, SESSIONS, 200).getList("sessions.agent")).contains("builder", "other");
    }

    @Test
    void aClosedSessionTakesNoMoreJobsAndKeepsThoseItHas() {
        var name = made(BUILDER);
        var job = job(BUILDER, name, "true");

        as(BUILDER).post(SESSIONS + "/" + name + "/close").then().statusCode(200);

        Api.isProblem(submit(BUILDER, name, "true").post(Api.JOBS).then(), 409, "session-closed");
        assertThat(get(BUILDER, SESSIONS + "/" + name + "/jobs", 200).getList("jobs.id"))
                .containsExactly(job);
        assertThat(get(BUILDER, SESSIONS + "?state=closed", 200).getList("sessions.id"))
                .contains(name);
        assertThat(get(BUILDER, SESSIONS + "?state=open", 200).getList("sessions.id"))
                .doesNotContain(name);
    }

    @Test
    void deletingASessionEndsItsJobsAndForgetsIt() {
        var name = made(BUILDER);
        var rare = Api.rareDuration();
        String running = submit(BUILDER, name, "sleep " + rare)
                .post(Api.JOBS)
                .then()
                .statusCode(202)
                .extract()
                .path("id");

        var deleted = as(BUILDER)
                .delete(SESSIONS + "/" + name)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();

        assertThat(deleted.getList("cancelled_jobs")).containsExactly(running);
        assertThat(Api.processes("sleep " + rare)).isEmpty();
        assertThat(get(BUILDER, Api.JOBS + "/" + running, 200).getString("state"))
                .isEqualTo("cancelled");
        Api.isProblem(as(BUILDER).get(SESSIONS + "/" + name).then(), 404, "unknown-session");
        made(BUILDER, name);
        assertThat(get(BUILDER, SESSIONS + "/" + name + "/jobs", 200).getList("jobs"))
                .isEmpty();
    }

    @Test
    void deletingASessionDeletesItsFilesAndThoseThatItsJobsLeft() {
        var name = made(BUILDER);
        var job = job(BUILDER, name, "echo kept > file; echo left > $RINGFENCE_OUTPUT/left");
        var artifact = Api.JOBS + "/" + job + "/artifacts/left";
        assertThat(said(job(BUILDER, name, "cat file"))).isEqualTo("kept\n");
        as(BUILDER).get(artifact).then().statusCode(200);

        as(BUILDER).delete(SESSIONS + "/" + name).then().statusCode(200);

        Api.isProblem(as(BUILDER).get(artifact).then(), 404, "unknown-artifact");
        assertThat(said(job(BUILDER, made(BUILDER, name), "ls -A"))).isEmpty();
    }

    private static String said(String job) {
        return get(BUILDER, Api.JOBS + "/" + job, 200).getString("result.stdout");
    }

    @Test
    void whatIsNoNameIsRefused() {
        for (var body : new String[] {
            "{\"id\":\"\"}", "{\"id\":\"a/b\"}", "{\"id\":7}", "{\"id\":\"a\\u0000\"}", "{\"name\":\"a\"}", "[]"
        }) {
            Api.isProblem(
                    as(BUILDER)
                            .contentType(ContentType.JSON)
                            .body(body)
                            .post(SESSIONS)
                            .then(),
                    400,
                    "invalid-request");
        }
        var name = made(BUILDER, "with spaces & ünïcode? " + UUID.randomUUID());
        Api.isProblem(creating(BUILDER, name).post(SESSIONS).then(), 409, "session-exists");
        assertThat(as(BUILDER)
                        .get(SESSIONS + "/{id}", name)
                        .then()
                        .statusCode(200)
                        .extract()
                        .<String>path("id"))
                .isEqualTo(name);
        Api.isProblem(as(BUILDER).get(SESSIONS + "?state=ajar").then(), 400, "invalid-request");
    }

    private static String made(String key) {
        return made(key, "session-" + UUID.randomUUID());
    }

    private static String made(String key, String name) {
        var made = creating(key, name).post(SESSIONS).then().statusCode(201).extract();
        assertThat(made.<String>path("id")).isEqualTo(name);
        assertThat(made.header("Location")).contains(SESSIONS + "/");
        return name;
    }

    private static RequestSpecification creating(String key, String name) {
        return as(key).contentType(ContentType.JSON).body("{\"id\":\"" + name + "\"}");
    }

    private static String job(String key, String session, String command) {
        return submit(key, session, command)
                .header("Prefer", "wait=120")
                .post(Api.JOBS)
                .then()
                .statusCode(200)
                .extract()
                .path("id");
    }

    private static RequestSpecification submit(String key, String session, String command) {
        return as(key).contentType(ContentType.JSON)
                .body(Api.shell(command).put("session", session).toString());
    }

    private static JsonPath get(String key, String path, int status) {
        return as(key).get(path).then().statusCode(status).extract().jsonPath();
    }

    private static RequestSpecification as(String secret) {
        return given().header("Authorization", "Bearer " + secret);
    }
}
