package dev.ringfence.api.rest.openai;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** OpenAI's API in front of models that run elsewhere. */
@QuarkusTest
@TestProfile(OpenAiOverHttpTest.Elsewhere.class)
class OpenAiOverHttpTest {
    private static final String STOP = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}";

    public static final class Elsewhere implements QuarkusTestProfile {
        static final ScriptedService SERVICE = new ScriptedService();

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("ringfence.catalog", SERVICE.catalog().toString());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET    | /v1/chat/completions | OPTIONS, POST",
                "DELETE | /v1/responses        | OPTIONS, POST",
                "POST   | /v1/models           | GET, HEAD, OPTIONS",
                "DELETE | /v1/models/org/a     | GET, HEAD, OPTIONS"
            })
    void anAddressTellsWhichMethodsItTakes(String method, String address, String allowed) {
        given().request(method, address)
                .then()
                .statusCode(405)
                .header("Allow", equalTo(allowed))
                .body("error.code", equalTo("method_not_allowed"));

        given().options(address).then().statusCode(204).header("Allow", equalTo(allowed));
    }

    @Test
    void aCallIsOneItemHoweverItsPiecesRepeatWhatItBeganWith() {
        Elsewhere.SERVICE.streams(
                call(0, "\"c1\"", "\"f\"", "{"),
                call(0, "null", "null", "}"),
                call(1, "\"c2\"", "\"g\"", "["),
                call(1, "\"c2\"", "\"g\"", "]"),
                STOP);

        responses("custom", "")
                .statusCode(200)
                .body("status", equalTo("completed"))
                .body("output", hasSize(2))
                .body("output[0].name", equalTo("f"))
                .body("output[0].arguments", equalTo("{}"))
                .body("output[1].name", equalTo("g"))
                .body("output[1].call_id", equalTo("c2"))
                .body("output[1].arguments", equalTo("[]"));
    }

    @Test
    void anAnswerThatIsCutOffHasItsLastItemIncomplete() {
        Elsewhere.SERVICE.streams(
                "{\"choices\":[{\"delta\":{\"content\":\"I call\"}}]}",
                call(0, "\"c1\"", "\"f\"", "{\\\"a"),
                "{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}");

        responses("custom", "")
                .body("status", equalTo("incomplete"))
                .body("incomplete_details.reason", equalTo("max_output_tokens"))
                .body("output[0].status", equalTo("completed"))
                .body("output[0].content[0].text", equalTo("I call"))
                .body("output[1].status", equalTo("incomplete"))
                .body("output[1].arguments", equalTo("{\"a"));
    }

    @Test
    void anAnswerThatAFilterEndedIsIncompleteForThatReason() {
        Elsewhere.SERVICE.streams(
                "{\"choices\":[{\"delta\":{\"content\":\"I\"},\"finish_reason\":\"content_filter\"}]}");

        var events = responses("custom", ",\"stream\":true").extract().asString();

        assertThat(events)
                .contains("event: response.incomplete", "\"reason\":\"content_filter\"", "\"status\":\"incomplete\"");
    }

    @Test
    void probabilitiesOfACompletionAreThereInWhicheverFormTheyCome() {
        Elsewhere.SERVICE.streams(
                "{\"choices\":[{\"text\":\"a b\",\"logprobs\":{\"tokens\":[\"a\",\" b\"],\"token_logprobs\":[-1,-2],"
                        + "\"top_logprobs\":[{\"a\":-1},{\" b\":-2}],\"text_offset\":[0,1]}}]}",
                "{\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}");

        given().contentType(ContentType.JSON)
                .body("{\"model\":\"custom\",\"prompt\":\"x\",\"logprobs\":1}")
                .post("/v1/completions")
                .then()
                .statusCode(200)
                .body("choices[0].logprobs.tokens", equalTo(List.of("a", " b")))
                .body("choices[0].logprobs.token_logprobs", hasSize(2))
                .body("choices[0].logprobs.top_logprobs", hasSize(2))
                .body("choices[0].logprobs.text_offset", hasItem(1));
    }

    @Test
    void aRefusalReachesTheClientInEachForm() {
        String[] refusal = {
            "{\"choices\":[{\"delta\":{\"refusal\":\"I will \"}}]}",
            "{\"choices\":[{\"delta\":{\"refusal\":\"not\"},\"finish_reason\":\"stop\"}]}"
        };
        for (int i = 0; i < 4; i++) {
            Elsewhere.SERVICE.streams(refusal);
        }

        chat("custom", "")
                .body("choices[0].message.refusal", equalTo("I will not"))
                .body("choices[0].message.content", nullValue());
        assertThat(chat("custom", ",\"stream\":true").extract().asString()).contains("{\"refusal\":\"I will \"}");
        responses("custom", "")
                .body("output", hasSize(1))
                .body("output[0].type", equalTo("message"))
                .body("output[0].content[0].type", equalTo("refusal"))
                .body("output[0].content[0].refusal", equalTo("I will not"));
        assertThat(responses("custom", ",\"stream\":true").extract().asString())
                .contains(
                        "event: response.refusal.delta",
                        "event: response.refusal.done",
                        "\"content_index\":0,\"refusal\":\"I will not\"");
    }

    @Test
    void whatAModelThoughtIsAnItemOfItsOwnBeforeTheAnswer() {
        String[] thoughtful = {
            "{\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm\"}}]}",
            "{\"choices\":[{\"delta\":{\"content\":\"Yes\"},\"finish_reason\":\"stop\"}]}"
        };
        Elsewhere.SERVICE.streams(thoughtful);
        Elsewhere.SERVICE.streams(thoughtful);

        responses("custom", "")
                .body("output", hasSize(2))
                .body("output[0].type", equalTo("reasoning"))
                .body("output[0].content[0].text", equalTo("Hm"))
                .body("output[1].content[0].text", equalTo("Yes"));
        assertThat(responses("custom", ",\"stream\":true").extract().asString())
                .contains("event: response.reasoning_text.delta", "event: response.reasoning_text.done");
    }

    @Test
    void tokensThatAModelThoughtWithAreCountedAsItsServiceCountsThem() {
        var counted = """
                data: {"choices":[{"delta":{"content":"Yes"},"finish_reason":"stop"}]}

                data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9,\
                "completion_tokens_details":{"reasoning_tokens":8}}}

                data: [DONE]

                """;
        Elsewhere.SERVICE.answers(200, counted);
        Elsewhere.SERVICE.answers(200, counted);

        chat("custom", "").body("usage.completion_tokens_details.reasoning_tokens", equalTo(8));
        responses("custom", "").body("usage.output_tokens_details.reasoning_tokens", equalTo(8));
    }

    @Test
    void whatAServiceIsToldOfItsWorkReachesItAndIsNamedWhereItHasNoEffect() {
        var advice = ",\"reasoning_effort\":\"low\",\"verbosity\":\"low\",\"user\":\"u\",\"metadata\":{}";
        var stop = "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}";

        Elsewhere.SERVICE.streams(stop);
        chat("openai", advice).statusCode(200).header("X-Ringfence-Ignored", equalTo("metadata"));
        assertThat(Elsewhere.SERVICE.lastHeard())
                .contains("\"reasoning_effort\":\"low\"", "\"verbosity\":\"low\"", "\"user\":\"u\"");

        Elsewhere.SERVICE.streams(stop);
        responses("openai", ",\"reasoning\":{\"effort\":\"low\"}").statusCode(200);
        assertThat(Elsewhere.SERVICE.lastHeard()).contains("\"reasoning_effort\":\"low\"");

        Elsewhere.SERVICE.answers(200, """
                data: {"type":"message_start","message":{"usage":{"input_tokens":1}}}

                data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}

                data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}

                data: {"type":"message_stop"}

                """);
        chat("anthropic", advice)
                .statusCode(200)
                .header("X-Ringfence-Ignored", equalTo("metadata, user, reasoning_effort, verbosity"));
        assertThat(Elsewhere.SERVICE.lastHeard()).doesNotContain("effort");
    }

    @Test
    void aSchemaThatNoGrammarHoldsIsRefusedOrNamedForAModelOfThisHostAndPassedOnToOthers() {
        var format = ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"strict\":true,"
                + "\"schema\":{\"type\":\"number\",\"multipleOf\":2}}}";

        chat("here", format)
                .statusCode(400)
                .body("error.code", equalTo("invalid_request"))
                .body("error.param", equalTo("response_format.json_schema.schema"))
                .body("error.message", containsString("response_format#/multipleOf"));
        responses(
                        "here",
                        ",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"x\",\"strict\":true,"
                                + "\"schema\":{\"type\":\"number\",\"multipleOf\":2}}}")
                .statusCode(400)
                .body("error.param", equalTo("text.format.schema"))
                .body("error.message", containsString("text.format#/multipleOf"));
        Elsewhere.SERVICE.streams("{\"choices\":[{\"delta\":{\"content\":\"2\"},\"finish_reason\":\"stop\"}]}");
        chat("custom", format).statusCode(200).header("X-Ringfence-Ignored", nullValue());
        assertThat(Elsewhere.SERVICE.lastHeard()).contains("\"multipleOf\":2", "\"strict\":true");
    }

    @Test
    void anAnswerWhoseTokensNobodyCountedIsWholeWithoutUsage() {
        var answer = "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}]}\n\n";
        Elsewhere.SERVICE.answers(200, answer);
        chat("custom", "")
                .statusCode(200)
                .body("choices[0].message.content", equalTo("hello"))
                .body("usage", nullValue());

        Elsewhere.SERVICE.answers(200, answer);
        assertThat(chat("custom", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}")
                        .extract()
                        .asString())
                .contains("hello")
                .doesNotContain("prompt_tokens")
                .endsWith("data: [DONE]\n\n");

        Elsewhere.SERVICE.answers(200, answer);
        responses("custom", "").body("status", equalTo("completed")).body("usage", nullValue());
    }

    /** The client got an internal error without a job, whose place stayed taken. */
    @Test
    void anAnswerThatNobodyCanReadIsTheServicesFaultAndEndsTheJob() {
        for (var stream : List.of("", ",\"stream\":true")) {
            Elsewhere.SERVICE.streams("{\"choices\":[{\"index\":0,\"text\":\"hi\"}]}", STOP);

            failed(chat("custom", stream));
        }
        Elsewhere.SERVICE.answers(200, "{\"data\":[[0.1,0.2]]}");

        failed(given().contentType(ContentType.JSON)
                .body("{\"model\":\"custom\",\"input\":\"x\"}")
                .post("/v1/embeddings")
                .then());
    }

    private static void failed(ValidatableResponse answer) {
        var job = answer.statusCode(500)
                .body("error.code", equalTo("engine_misbehaved"))
                .extract()
                .header("X-Job-Id");
        given().get("/api/v1/jobs/" + job).then().body("state", equalTo("failed"));
    }

    @Test
    void aKeyThatAServiceRepeatsWithStatus200ReachesNobody() {
        Elsewhere.SERVICE.streams("{\"error\":{\"message\":\"Incorrect API key provided: a-\\u006bey\"}}");

        var answer = chat("custom", "")
                .statusCode(500)
                .body("error.message", containsString("provided: (the key)"))
                .extract();

        given().get("/api/v1/jobs/" + answer.header("X-Job-Id"))
                .then()
                .body("error.message", containsString("provided: (the key)"));
    }

    /** It was told as the client's mistake. */
    @Test
    void aServiceThatHasNothingAtItsAddressIsTheOperatorsMatter() {
        Elsewhere.SERVICE.answers(404, "{}");

        chat("custom", "")
                .statusCode(500)
                .header("X-Should-Retry", "false")
                .body("error.code", equalTo("remote_not_found"))
                .body("error.message", containsString("check endpoint_url and model_name"));
    }

    @Test
    void aServiceThatIsDownIsAReasonToComeAgain() {
        chat("gone", "")
                .statusCode(503)
                .header("Retry-After", "1")
                .header("X-Should-Retry", nullValue())
                .body("error.code", equalTo("remote_unavailable"))
                .body("error.message", containsString("cannot be reached"));
    }

    @Test
    void whatAModelElsewhereHasNoWordForIsRefusedByTheNameThatTheClientSent() {
        chat("anthropic", ",\"seed\":1").statusCode(400).body("error.param", equalTo("seed"));
        responses("anthropic", ",\"text\":{\"format\":{\"type\":\"json_object\"}}")
                .statusCode(400)
                .body("error.param", equalTo("text.format"));
        responses("custom", ",\"max_output_tokens\":0")
                .statusCode(400)
                .body("error.param", equalTo("max_output_tokens"))
                .body("error.message", not(containsString("max_completion_tokens")));
    }

    private static String call(int index, String id, String name, String arguments) {
        return """
                {"choices":[{"delta":{"tool_calls":[{"index":%d,"id":%s,"type":"function",\
                "function":{"name":%s,"arguments":"%s"}}]}}]}""".formatted(index, id, name, arguments);
    }

    private static ValidatableResponse chat(String model, String fields) {
        return given().contentType(ContentType.JSON)
                .body("{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + fields
                        + "}")
                .post("/v1/chat/completions")
                .then();
    }

    private static ValidatableResponse responses(String model, String fields) {
        return given().contentType(ContentType.JSON)
                .body("{\"model\":\"" + model + "\",\"input\":\"Hi\"" + fields + "}")
                .post("/v1/responses")
                .then();
    }
}
