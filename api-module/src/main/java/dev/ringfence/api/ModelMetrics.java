package dev.ringfence.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.api.job.JobView;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.Model;
import dev.ringfence.catalog.Provider;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Metrics of models by OpenTelemetry's semantic conventions for generative AI, names, attributes and buckets included; the
 * time between tokens has buckets below the conventions' too, for small models that are faster.
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

    /** The conventions have no word for it. */
    private static final String LLAMA_CPP = "llama.cpp";

    private final MeterRegistry registry;
    private final Supplier<Optional<Catalog>> catalog;

    /** @param catalog the one in use, once there is one */
    ModelMetrics(MeterRegistry registry, Supplier<Optional<Catalog>> catalog) {
        this.registry = registry;
        this.catalog = catalog;
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
        // Looked up by now: a model that has gone from the catalog meanwhile is one of an unknown provider.
        var known = catalog.get().flatMap(now -> now.model(model));
        var tags = Tags.of(
                "gen_ai.operation.name",
                operation,
                "gen_ai.provider.name",
                known.map(ModelMetrics::provider).orElse("unknown"),
                "gen_ai.request.model",
                model,
                "gen_ai.response.model",
                known.flatMap(ModelMetrics::served).orElse(model));
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

    /** As the conventions name it. */
    private static String provider(Model model) {
        return switch (model.provider()) {
            case Provider.LocalFile _, Provider.HuggingFace _ -> LLAMA_CPP;
            case Provider.OpenAI _ -> "openai";
            case Provider.Anthropic _ -> "anthropic";
            case Provider.Custom _ -> "custom";
        };
    }

    /** What its provider calls it, where that has another name for it. */
    private static Optional<String> served(Model model) {
        return switch (model.provider()) {
            case Provider.LocalFile _, Provider.HuggingFace _ -> Optional.empty();
            case Provider.OpenAI remote -> Optional.of(remote.modelName());
            case Provider.Anthropic remote -> Optional.of(remote.modelName());
            case Provider.Custom remote -> Optional.ofNullable(remote.modelName());
        };
    }

    private void tokens(JsonNode result, Tags tags, String type) {
        var count = result.path(type + "_tokens");
        if (count.isNumber()) {
            DistributionSummary.builder("gen_ai.client.token.usage")
                    .description("Tokens of requests to models and of their answers")
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
