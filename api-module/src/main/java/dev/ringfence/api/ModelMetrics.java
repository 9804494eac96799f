package dev.ringfence.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.api.job.JobView;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/**
 * Metrics of models by OpenTelemetry's semantic conventions for generative AI, names, attributes and buckets included.
 * Their numbers come from the jobs' results, which have the engine's own counts. A model that is not in the catalog goes
 * by the name {@code unknown}, so that nobody makes up series.
 */
final class ModelMetrics {
    private static final Map<String, String> OPERATIONS = Map.of(
            "GenerateText", "chat",
            "ChatCompletion", "chat",
            "TextCompletion", "text_completion",
            "Embeddings", "embeddings");
    private static final Set<String> NO_MODEL = Set.of("unknown-model", "model-not-allowed", "invalid-arguments");

    private static final Duration[] DURATIONS =
            milliseconds(10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 40960, 81920);
    private static final Duration[] FIRST_TOKEN =
            milliseconds(1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000);
    private static final Duration[] NEXT_TOKENS =
            milliseconds(1, 2.5, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2500);
    private static final double[] TOKENS = {
        1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864
    };

    private final MeterRegistry registry;

    ModelMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /** Takes the numbers of a job that has ended, if it asked a model. */
    void ended(JobView job) {
        var operation = OPERATIONS.get(job.submission().capability());
        var result = job.result();
        if (operation == null || result == null || job.startedAt() == null || job.endedAt() == null) {
            return;
        }
        var error = job.error();
        var model = error != null && NO_MODEL.contains(error.type())
                ? "unknown"
                : result.path("model").asText("unknown");
        var tags = Tags.of(
                "gen_ai.operation.name", operation,
                "gen_ai.provider.name", "ringfence",
                "gen_ai.request.model", model,
                "gen_ai.response.model", model);
        Timer.builder("gen_ai.server.request.duration")
                .description("From the start of a request to a model to its end")
                .tags(tags)
                .tag("error.type", error == null ? "" : error.type())
                .serviceLevelObjectives(DURATIONS)
                .register(registry)
                .record(Duration.between(job.startedAt(), job.endedAt()));
        tokens(result, tags, "input");
        tokens(result, tags, "output");
        times(result, tags);
    }

    private void tokens(JsonNode result, Tags tags, String type) {
        var count = result.path(type + "_tokens");
        if (count.isNumber()) {
            DistributionSummary.builder("gen_ai.client.token.usage")
                    .description("Tokens of requests to models and of their answers")
                    .baseUnit("token")
                    .tags(tags)
                    .tag("gen_ai.token.type", type)
                    .serviceLevelObjectives(TOKENS)
                    .register(registry)
                    .record(count.doubleValue());
        }
    }

    private void times(JsonNode result, Tags tags) {
        var first = result.path("time_to_first_token_ms");
        var whole = result.path("execution_ms");
        if (!first.isNumber() || !whole.isNumber()) {
            return;
        }
        Timer.builder("gen_ai.server.time_to_first_token")
                .description("From a request to the first token of its answer, loading and waiting included")
                .tags(tags)
                .serviceLevelObjectives(FIRST_TOKEN)
                .register(registry)
                .record(milliseconds(first.doubleValue()));
        long later = result.path("output_tokens").asLong() - 1;
        if (later > 0) {
            Timer.builder("gen_ai.server.time_per_output_token")
                    .description("Between two tokens of an answer, after the first")
                    .tags(tags)
                    .serviceLevelObjectives(NEXT_TOKENS)
                    .register(registry)
                    .record(milliseconds((whole.doubleValue() - first.doubleValue()) / later));
        }
    }

    private static Duration[] milliseconds(double... each) {
        return Arrays.stream(each).mapToObj(ModelMetrics::milliseconds).toArray(Duration[]::new);
    }

    private static Duration milliseconds(double time) {
        return Duration.ofNanos(Math.round(time * 1_000_000));
    }
}
