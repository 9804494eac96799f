package dev.ringfence.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Submitted;
import dev.ringfence.catalog.Catalog;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelMetricsTest {
    private static final Catalog CATALOG = Catalog.parse("""
            [[slm.model_allow_lists.global_models]]
            id = "here"
            provider = { LocalFile = { file_path = "/models/here.gguf" } }
            capabilities = ["TextGeneration"]
            resource_requirements = { min_memory_mb = 64 }
            [[slm.model_allow_lists.global_models]]
            id = "there"
            provider = { OpenAI = { model_name = "gpt-there" } }
            capabilities = ["TextGeneration"]
            [[slm.model_allow_lists.global_models]]
            id = "elsewhere"
            provider = { Anthropic = { model_name = "claude-elsewhere" } }
            capabilities = ["TextGeneration"]
            """, "test");

    @ParameterizedTest
    @CsvSource({
        "here, llama.cpp, here",
        "there, openai, gpt-there",
        "elsewhere, anthropic, claude-elsewhere",
        "gone, unknown, gone"
    })
    void aRequestCountsForItsProviderAndTheModelThatWasServed(String model, String provider, String served) {
        var registry = new SimpleMeterRegistry();

        new ModelMetrics(registry, () -> Optional.of(CATALOG)).ended(answered(model));

        assertThat(registry.find("gen_ai.client.token.usage").summaries())
                .isNotEmpty()
                .allSatisfy(usage -> assertThat(usage.getId().getBaseUnit()).isNull());
        assertThat(registry.find("gen_ai.server.request.duration")
                        .tag("gen_ai.provider.name", provider)
                        .tag("gen_ai.request.model", model)
                        .tag("gen_ai.response.model", served)
                        .timer())
                .isNotNull();
    }

    private static JobView answered(String model) {
        return Submitted.answered(
                "ChatCompletion",
                JsonNodeFactory.instance.objectNode().put("model", model).put("input_tokens", 3));
    }
}
