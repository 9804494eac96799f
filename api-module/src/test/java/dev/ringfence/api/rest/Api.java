package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The calls that most tests make. */
final class Api {
    static final String JOBS = "/api/v1/jobs";

    private Api() {}

    static ObjectNode shell(String command) {
        var json = JsonNodeFactory.instance.objectNode().put("capability", "ShellExec");
        json.putObject("arguments").put("cmd", command);
        return json;
    }

    static RequestSpecification sending(String body) {
        return given().contentType(ContentType.JSON).body(body.getBytes(StandardCharsets.UTF_8));
    }

    /** Submits and waits for the end. */
    static JsonPath run(ObjectNode job) {
        return sending(job.toString())
                .header("Prefer", "wait=120")
                .post(JOBS)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
    }

    static String submit(ObjectNode job) {
        return sending(job.toString())
                .post(JOBS)
                .then()
                .statusCode(202)
                .extract()
                .path("id");
    }

    static String state(String id) {
        return given().get(JOBS + "/" + id).then().statusCode(200).extract().path("state");
    }

    static void awaitState(String id, String state) {
        await().until(() -> state(id).equals(state));
    }

    static JsonPath cancel(String id) {
        return given().delete(JOBS + "/" + id).then().statusCode(200).extract().jsonPath();
    }

    static ValidatableResponse isProblem(ValidatableResponse response, int status, String type) {
        return response.statusCode(status)
                .contentType("application/problem+json")
                .body("type", org.hamcrest.Matchers.equalTo("/problems/" + type))
                .body("title", org.hamcrest.Matchers.not(org.hamcrest.Matchers.emptyOrNullString()))
                .body("status", org.hamcrest.Matchers.equalTo(status));
    }

    /** A duration for {@code sleep} that no other process on the host has. */
    static String rareDuration() {
        return "97" + ThreadLocalRandom.current().nextInt(100_000, 1_000_000);
    }

    /** The command lines on the host that hold a word, found without asking the service. */
    static List<String> processes(String word) {
        try (var directories = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            var found = new ArrayList<String>();
            for (var directory : directories) {
                var line = commandLine(directory);
                if (line.contains(word)) {
                    found.add(line);
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String commandLine(Path process) {
        try {
            return new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.UTF_8)
                    .replace('\0', ' ');
        } catch (IOException gone) {
            return "";
        }
    }
}
