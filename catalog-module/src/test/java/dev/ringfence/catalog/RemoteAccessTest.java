package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RemoteAccessTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "OpenAI = { model_name = \"theirs\", %s }",
                "Anthropic = { model_name = \"theirs\", %s }",
                "Custom = { endpoint_url = \"http://127.0.0.1:9/v1\", %s }"
            })
    void howAServiceIsAskedIsReadFromItsKeys(String provider) {
        var keys = "connect_timeout_seconds = 3, silence_timeout_seconds = 7, max_retries = 5, max_parallel = 2";
        var catalog = Catalog.parse("""
                [[slm.model_allow_lists.global_models]]
                id = "remote"
                provider = { %s }
                capabilities = ["TextGeneration"]
                """.formatted(provider.formatted(keys)), "test");

        var access = ((Provider.Remote) catalog.model("remote").orElseThrow().provider()).access();

        assertThat(access.connectTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(access.silenceTimeout()).isEqualTo(Duration.ofSeconds(7));
        assertThat(access.retries()).isEqualTo(5);
        assertThat(access.parallel()).isEqualTo(2);
    }
}
