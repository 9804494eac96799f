package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProblemTest {
    @ParameterizedTest
    @CsvSource({
        "400, malformed-json, invalid_request_error, malformed_json",
        "401, unauthenticated, invalid_request_error, invalid_api_key",
        "429, queue-full, rate_limit_exceeded, queue_full",
        "503, starting, server_error, starting"
    })
    void clientsOfOpenAisApiChooseTheirExceptionByFamilyAndCode(int status, String slug, String family, String code) {
        var form = new Problem(status, slug, "Title", "detail").openAiForm();

        assertThat(form.at("/error/type").textValue()).isEqualTo(family);
        assertThat(form.at("/error/code").textValue()).isEqualTo(code);
        assertThat(form.at("/error/message").textValue()).isEqualTo("Title: detail");
        assertThat(form.at("/error/param").isNull()).isTrue();
    }

    @Test
    void clientsOfOpenAisApiAreToldAllThatIsWrong() {
        var problem = new Problem(400, "invalid-request", "The request cannot be understood", "").json();
        problem.putArray("errors").add("/a: one").add("/b: two");

        assertThat(Problem.openAiForm(problem).at("/error/message").textValue())
                .isEqualTo("The request cannot be understood; /a: one; /b: two");
    }
}
