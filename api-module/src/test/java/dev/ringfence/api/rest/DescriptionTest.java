package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.openai.ModelRequest;
import dev.ringfence.wal.journal.JobSummary;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is said of the API is true: its examples, and what the service really answers. */
@QuarkusTest
@TestProfile(WholeService.class)
class DescriptionTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonSchemaFactory SCHEMAS = JsonSchemaFactory.getInstance(VersionFlag.V202012);
    private static final List<String> METHODS = List.of("get", "post", "delete");

    /** What the framework adds, and what is described by a word. */
    private static final Set<String> NO_JSON = Set.of("text/plain", "text/event-stream", "*/*");

    private JsonNode description = MissingNode.getInstance();

    /** Of a body, in words, with what is said of it. */
    private record Body(String what, JsonNode content) {}

    @BeforeEach
    void read() throws JsonProcessingException {
        description = JSON.readTree(
                given().queryParam("format", "json").get("/q/openapi").asString());
    }

    @Test
    void eachAddressIsDescribedWithAnExampleOfItsAnswer() {
        var without = new ArrayList<String>();
        bodies().forEach(body -> body.content().properties().stream()
                .filter(type -> !NO_JSON.contains(type.getKey()))
                .filter(type -> examples(type.getValue()).isEmpty()
                        || type.getValue().path("schema").isMissingNode())
                .forEach(type -> without.add(body.what() + " " + type.getKey())));

        assertThat(bodies()).hasSizeGreaterThan(60);
        assertThat(without).isEmpty();
    }

    @Test
    void examplesAreWhatTheirSchemasSay() {
        var complaints = new ArrayList<String>();
        for (var body : bodies()) {
            for (var type : body.content().properties()) {
                for (var example : examples(type.getValue())) {
                    complaints(type.getValue().path("schema"), example)
                            .forEach(complaint -> complaints.add(body.what() + ": " + complaint));
                }
            }
        }
        assertThat(complaints).isEmpty();
    }

    /** They were the names of constants, which the service does not take. */
    @Test
    void aTierIsDescribedByTheWordsThatTheServiceTakes() {
        var tier = description.at("/components/schemas/SubmitJob/properties/tier");

        assertThat(tier.has("$ref")).as(tier.toString()).isFalse();
        assertThat(tier.path("enum")).extracting(JsonNode::asText).containsExactly("namespaces", "landlock");
    }

    @Test
    void nothingOfTheInsideIsDescribed() {
        assertThat(description.at("/components/schemas").properties())
                .extracting(java.util.Map.Entry::getKey)
                .contains("SubmitJob")
                .doesNotContain("FenceTier", "OutboundSseEvent", "MediaType");
    }

    static Stream<String> answers() {
        return Stream.of(
                "/api/v1/jobs",
                "/api/v1/jobs/{id}",
                "/api/v1/jobs/{id}/events",
                "/api/v1/jobs/{id}/artifacts",
                "/api/v1/sessions",
                "/api/v1/sessions/{id}",
                "/api/v1/sessions/{id}/jobs",
                "/api/v1/telemetry",
                "/api/v1/processes",
                "/api/v1/capabilities",
                "/api/v1/webhooks",
                "/api/v1/fence",
                "/api/v1/models",
                "/api/v1/models/select",
                "/api/v1/models/lost",
                "/api/v1/models/lost/health",
                "/api/v1/catalog",
                "/api/v1/config",
                "/api/v1/journal/stats",
                "/v1/models");
    }

    @ParameterizedTest
    @MethodSource("answers")
    void realAnswersAreWhatTheSchemasSay(String path) throws JsonProcessingException {
        var job = Api.run(Api.shell("echo hello; echo a > $RINGFENCE_OUTPUT/a.txt")
                .put("session", "described")
                .put("priority", 1));
        var id = path.startsWith("/api/v1/sessions") ? "described" : job.getString("id");

        var answer = given().accept("application/json")
                .get(path.replace("{id}", id))
                .then()
                .statusCode(200)
                .extract()
                .asString();

        var described = path.replaceFirst("/models/lost", "/models/{model}");
        var schema =
                description.path("paths").path(described).at("/get/responses/200/content/application~1json/schema");
        assertThat(complaints(schema, JSON.readTree(answer))).as(answer).isEmpty();
    }

    /** Rows were given the schema of whole jobs, of which they lack members. */
    @Test
    void aRowOfAListHasWhatItsSchemaNamesAndNothingElse() {
        var at = Instant.parse("2026-01-02T03:04:05Z");
        var row = JobJson.summary(new JobSummary(
                "j1",
                "ann",
                "tidying",
                "ShellExec",
                "normal",
                Duration.ofSeconds(5),
                1,
                "key",
                "interrupted",
                at,
                at,
                at,
                2,
                "landlock",
                "interrupted",
                "the service ended",
                false,
                List.of(),
                1,
                5,
                5));
        var schema = description.at("/components/schemas/JobList/properties/jobs/items");

        assertThat(members(row)).isEqualTo(membersNamedBy(schema));
        assertThat(complaints(schema, row)).isEmpty();
    }

    private static Set<String> members(JsonNode json) {
        var members = new TreeSet<String>();
        for (var field : json.properties()) {
            members.add(field.getKey());
            members(field.getValue()).forEach(inner -> members.add(field.getKey() + "/" + inner));
        }
        return members;
    }

    private Set<String> membersNamedBy(JsonNode schema) {
        var named = new HashMap<String, JsonNode>();
        names(schema, named);
        var members = new TreeSet<String>();
        named.forEach((name, each) -> {
            members.add(name);
            membersNamedBy(each).forEach(inner -> members.add(name + "/" + inner));
        });
        return members;
    }

    @ParameterizedTest
    @CsvSource({
        "post, /api/v1/jobs, 200 202 400 401 403 409 413 422 429 503 507",
        "post, /api/v1/jobs/{id}/retry, 200 202 400 403 404 409 422 429 503 507",
        "get, /api/v1/jobs, 200 400 503",
        "get, /api/v1/jobs/{id}, 200 404 503",
        "get, /api/v1/jobs/{id}/events, 200 404 503",
        "get, /api/v1/jobs/{id}/artifacts, 200 404 503",
        "get, /api/v1/jobs/{id}/artifacts/{name}, 200 404 503",
        "get, /api/v1/sessions, 200 400 503",
        "get, /api/v1/sessions/{id}/jobs, 200 404 503",
        "get, /api/v1/jobs/{id}/output/{channel}, 200 206 304 404 416",
        "post, /api/v1/sessions, 201 400 403 409 413 422 503 507",
        "post, /api/v1/sessions/{id}/close, 200 404 503 507",
        "delete, /api/v1/sessions/{id}, 200 404 503 507",
        "get, /api/v1/journal/verify, 200 403 503",
        "get, /api/v1/journal/counts, 200 403 503",
        "post, /api/v1/models, 201 400 403 409 413 422 507",
        "delete, /api/v1/models/{model}, 204 403 404 409 507",
        "get, /api/v1/models/{model}/health, 200 404 503",
        "post, /api/v1/catalog/reload, 200 403 422",
        "get, /api/v1/config, 200 403",
        "post, /v1/chat/completions, 200 400 401 403 404 413 415 429 500 503 504 507",
        "post, /v1/completions, 200 400 401 403 404 413 415 429 500 503 504 507",
        "post, /v1/embeddings, 200 400 401 403 404 413 415 429 500 503 504 507",
        "post, /v1/responses, 200 400 401 403 404 413 415 429 500 503 504 507"
    })
    void theStatusesThatProblemsHaveAreDescribed(String method, String path, String statuses) {
        var described = new ArrayList<String>();
        description
                .path("paths")
                .path(path)
                .path(method)
                .path("responses")
                .fieldNames()
                .forEachRemaining(described::add);

        assertThat(described).contains(statuses.split(" "));
    }

    @Test
    void whoeverIsNotKnownOrAsksByAForeignNameIsToldSoEverywhere() {
        var without = new ArrayList<String>();
        for (var path : description.path("paths").properties()) {
            for (var method : METHODS) {
                var responses = path.getValue().path(method).path("responses");
                if (!responses.isMissingNode() && !(responses.has("401") && responses.has("421"))) {
                    without.add(method + " " + path.getKey());
                }
            }
        }
        assertThat(without).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "get, /api/v1/models/select, /api/v1/models/select?capabilities=Singing, */*",
        "get, /api/v1/models, /api/v1/models?capability=Singing, */*",
        "get, /api/v1/models/{model}/health, /api/v1/models/lost/health?load=maybe, */*",
        "get, /api/v1/sessions, /api/v1/sessions?limit=0, */*",
        "get, /api/v1/journal/events, /api/v1/journal/events?type=none, */*",
        "get, /api/v1/journal/events, /api/v1/journal/events, image/png",
        "get, /api/v1/fence, /api/v1/fence, image/png",
        "get, /api/v1/jobs/{id}, /api/v1/jobs/nobody, image/png",
        "get, /api/v1/jobs/{id}/events, /api/v1/jobs/nobody/events, image/png",
        "get, /v1/models/{id}, /v1/models/nobody, */*",
        "post, /api/v1/jobs, /api/v1/jobs, */*",
        "post, /api/v1/sessions, /api/v1/sessions, */*",
        "post, /api/v1/models, /api/v1/models, */*",
        "post, /v1/chat/completions, /v1/chat/completions, */*"
    })
    void theStatusOfAWrongRequestIsDescribed(String method, String path, String request, String accept) {
        var asked = given().accept(accept).urlEncodingEnabled(false);
        var answer = method.equals("get")
                ? asked.get(request)
                : asked.contentType("text/plain").body("x").post(request);

        assertThat(answer.statusCode()).isBetween(400, 499);
        assertThat(description
                        .path("paths")
                        .path(path)
                        .path(method)
                        .path("responses")
                        .has(Integer.toString(answer.statusCode())))
                .as("%s", answer.statusCode())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "get, /api/v1/jobs/{id}/events, limit",
        "get, /api/v1/jobs/{id}/events, Prefer",
        "get, /v1/models, X-Ringfence-Agent",
        "post, /v1/embeddings, X-Ringfence-Agent",
        "get, /api/v1/models, capability"
    })
    void aParameterThatIsReadIsDescribed(String method, String path, String name) {
        var names = new ArrayList<String>();
        description
                .path("paths")
                .path(path)
                .path(method)
                .path("parameters")
                .forEach(each -> names.add(resolved(each).path("name").asText()));

        assertThat(names).contains(name).doesNotHaveDuplicates();
    }

    @Test
    void whatComesAgainSaysInSecondsWhen() {
        assertThat(description
                        .at("/components/responses/Problem/headers/Retry-After/description")
                        .asText())
                .isEqualTo("seconds, with 429, 503 and 507");
    }

    @Test
    void examplesOfSubmissionsAreTaken() {
        for (var example :
                examples(description.at("/paths/~1api~1v1~1jobs/post/requestBody/content/application~1json"))) {
            var request = SubmitRequest.parse((ObjectNode) example);
            assertThat(request.capability()).isNotEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"/v1/chat/completions, CHAT", "/v1/completions, COMPLETION", "/v1/embeddings, EMBEDDINGS"})
    void examplesOfOpenAisApiAreRequestsThatAreTaken(String path, Operation operation) {
        var examples = examples(description.path("paths").path(path).at("/post/requestBody/content/application~1json"));

        assertThat(examples).isNotEmpty();
        for (var example : examples) {
            assertThat(ModelRequest.of(operation, (ObjectNode) example).ignored())
                    .isEmpty();
        }
    }

    @Test
    void thereIsAPageToTryIt() {
        given().get("/q/swagger-ui/").then().statusCode(200).contentType("text/html");
        given().get("/q/swagger-ui/swagger-ui-bundle.js").then().statusCode(200);
    }

    /** Of requests and of answers. */
    private List<Body> bodies() {
        var bodies = new ArrayList<Body>();
        for (var path : description.path("paths").properties()) {
            for (var method : METHODS) {
                var operation = path.getValue().path(method);
                var name = method + " " + path.getKey();
                if (operation.has("requestBody")) {
                    bodies.add(new Body(name, operation.at("/requestBody/content")));
                }
                for (var response : operation.path("responses").properties()) {
                    bodies.add(new Body(
                            name + " " + response.getKey(),
                            resolved(response.getValue()).path("content")));
                }
            }
        }
        return bodies;
    }

    private List<JsonNode> examples(JsonNode content) {
        var examples = new ArrayList<JsonNode>();
        if (content.has("example")) {
            examples.add(content.path("example"));
        }
        content.path("examples")
                .forEach(example -> examples.add(resolved(example).path("value")));
        return examples;
    }

    private JsonNode resolved(JsonNode json) {
        return json.has("$ref") ? description.at(json.path("$ref").asText().substring(1)) : json;
    }

    /** What of some JSON is not as its schema says, fields included that the schema does not name. */
    private List<String> complaints(JsonNode schema, JsonNode json) {
        var root = JSON.createObjectNode();
        root.set("components", description.path("components"));
        root.setAll((ObjectNode) schema);
        var complaints = new ArrayList<String>();
        SCHEMAS.getSchema(root).validate(json).forEach(error -> complaints.add(error.getMessage()));
        unnamed("", schema, json, complaints);
        return complaints;
    }

    /** Looks as deep as the schema names fields. */
    private void unnamed(String place, JsonNode schema, JsonNode json, List<String> complaints) {
        if (json.isArray()) {
            var items = resolved(schema).path("items");
            json.forEach(item -> unnamed(place + "/*", items, item, complaints));
            return;
        }
        var named = new HashMap<String, JsonNode>();
        names(schema, named);
        boolean open =
                named.isEmpty() || resolved(schema).path("additionalProperties").asBoolean();
        for (var field : json.properties()) {
            var known = named.get(field.getKey());
            if (known == null && open) {
                continue;
            }
            if (known == null) {
                complaints.add("the schema does not name " + place + "/" + field.getKey());
            } else {
                unnamed(place + "/" + field.getKey(), known, field.getValue(), complaints);
            }
        }
    }

    private void names(JsonNode schema, Map<String, JsonNode> names) {
        var whole = resolved(schema);
        whole.path("properties").properties().forEach(field -> names.put(field.getKey(), field.getValue()));
        for (var part : List.of("allOf", "oneOf")) {
            whole.path(part).forEach(each -> names(each, names));
        }
    }
}
