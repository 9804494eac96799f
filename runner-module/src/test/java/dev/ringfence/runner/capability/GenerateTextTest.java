package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.LlamaForTests;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.fence.HostFences;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real model in a real fence. */
@SuppressWarnings("NullAway.Init") // set before all tests
class GenerateTextTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static HostFences fence;
    private static LlamaServerPool engines;

    @TempDir
    static Path directory;

    private static Path unreadable;

    private final GenerateText generate = new GenerateText(GenerateTextTest::resolve);

    @BeforeAll
    static void open() {
        fence = LlamaForTests.fence();
        unreadable = directory.resolve("unreadable.gguf");
        engines = new LlamaServerPool(LlamaForTests.settings(), fence);
    }

    @AfterAll
    static void close() {
        engines.close();
        fence.close();
    }

    @Test
    void anAnswerIsStreamedAndCounted() {
        // Given
        var pieces = new ArrayList<String>();

        // When
        var outcome = start(prompt("Say hello"), (channel, text) -> pieces.add(channel + ":" + text));

        // Then
        assertThat(outcome).isInstanceOf(Outcome.Completed.class);
        assertThat(pieces).containsExactly("text:he", "text:ll", "text:o");
        var data = outcome.data();
        assertThat(data.path("text").asText()).isEqualTo("hello");
        assertThat(data.path("finish_reason").asText()).isEqualTo("stop");
        assertThat(data.path("input_tokens").asInt()).isEqualTo(12);
        assertThat(data.path("output_tokens").asInt()).isEqualTo(4);
        assertThat(data.path("time_to_first_token_ms").asDouble()).isPositive();
        assertThat(data.path("tokens_per_second").asDouble()).isPositive();
        assertThat(data.path("execution_ms").asDouble()).isPositive();
    }

    @Test
    void everyOptionReachesTheEngine() {
        // Given
        var arguments = prompt("Count to 10").put("system", "Be brief.").put("max_tokens", 3);
        arguments.put("top_p", 0.5).put("seed", 4_294_967_294L).putArray("stop").add("never");

        // When
        var outcome = start(arguments, (channel, text) -> {});

        // Then
        assertThat(outcome.data().path("finish_reason").asText()).isEqualTo("length");
        assertThat(outcome.data().path("output_tokens").asInt()).isEqualTo(3);
        assertThat(outcome.data().path("input_tokens").asInt()).isGreaterThan(15);
    }

    @Test
    void parametersOfTheEngineReachItAndOthersAreRefusedByTheSchema() {
        // Given
        var arguments = prompt("Say hello").put("temperature", 2).put("seed", 3);
        arguments.putObject("custom_parameters").put("top_k", 1);
        var injected = prompt("Say hello");
        injected.putObject("custom_parameters").put("log_file", "/tmp/x");

        // When
        var likeliest = start(arguments, (channel, text) -> {});

        // Then: the likeliest token is taken, however hot.
        assertThat(likeliest.data().path("text").asText()).isEqualTo("hello");
        assertThatThrownBy(() -> Capabilities.of(List.of(generate)).validate(generate, injected))
                .isInstanceOf(InvalidArguments.class)
                .hasMessageContaining("log_file");
    }

    @Test
    void aStopTextEndsTheAnswerBeforeIt() {
        // Given
        var arguments = prompt("Say hello");
        arguments.putArray("stop").add("l");

        // When
        var outcome = start(arguments, (channel, text) -> {});

        // Then
        assertThat(outcome.data().path("text").asText()).isEqualTo("he");
    }

    @Test
    void aCancelledAnswerShowsWhatHadCome() {
        // Given
        var under = new CompletableFuture<Execution>();

        // When
        under.complete(generate.start(
                invocation(prompt("Count to 100").put("max_tokens", 400)),
                (channel, text) -> under.join().cancel()));
        var outcome = under.join().outcome().await().atMost(LONG);

        // Then
        assertThat(outcome).isInstanceOf(Outcome.Cancelled.class);
        assertThat(outcome.data().path("text").asText()).isNotEmpty();
    }

    @Test
    void anAnswerThatTheProfilesTimeEndsSaysThatThisLimitDidSo() {
        // Given
        var most = Duration.ofMillis(500);
        var profile = LlamaForTests.profile(most);
        var asked = prompt("Count to 100").put("max_tokens", 400);

        // When
        var byProfile = generate.start(new Invocation("job-1", "tester", asked, profile, LONG), GenerateTextTest::hear)
                .outcome()
                .await()
                .atMost(LONG);
        var byDeadline = generate.start(
                        new Invocation("job-1", "tester", asked, LlamaForTests.profile(), most), GenerateTextTest::hear)
                .outcome()
                .await()
                .atMost(LONG);

        // Then
        assertThat(byProfile).isInstanceOf(Outcome.TimedOut.class);
        assertThat(byProfile.data().at("/limits_hit/0/field").asText())
                .isEqualTo("process_limits.max_execution_time_seconds");
        assertThat(byProfile.data().at("/limits_hit/0/limit").asText()).isEqualTo("500 ms");
        assertThat(byDeadline).isInstanceOf(Outcome.TimedOut.class);
        assertThat(byDeadline.data().path("limits_hit")).isEmpty();
    }

    /** Holds the engine back until the time is over. */
    private static void hear(String channel, String text) {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            // The answer is no longer wanted.
        }
    }

    @Test
    void aPromptThatDoesNotFitFailsWithTheCountAndTheLimit() {
        // When
        var outcome = start(prompt("hello ".repeat(600)), (channel, text) -> {});

        // Then
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
            assertThat(failed.type()).isEqualTo("prompt-too-long");
            assertThat(failed.message()).contains("512");
        });
        assertThat(outcome.data().path("context_tokens").asInt()).isEqualTo(512);
        assertThat(outcome.data().path("prompt_tokens").asInt()).isGreaterThan(600);
    }

    @Test
    void aMissingModelFileAndAModelThatNobodyKnowsAreToldApart() {
        // When
        var missing = start(prompt("x").put("model", "missing"), (channel, text) -> {});
        var unknown = start(prompt("x").put("model", "unheard-of"), (channel, text) -> {});

        // Then
        assertThat(List.of(missing, unknown))
                .extracting(outcome -> ((Outcome.Failed) outcome).type())
                .containsExactly("model-file-not-found", "unknown-model");
    }

    @Test
    void aModelThatItsEngineCannotReadAndOneThatNeedsMoreThanTheProfileGivesAreToldApart() throws IOException {
        // Given
        Files.write(unreadable, unheardOf(Files.readAllBytes(LlamaForTests.modelFile())));

        // When
        var failed = start(prompt("x").put("model", "unreadable"), (channel, text) -> {});
        var starved = start(prompt("x").put("model", "starved"), (channel, text) -> {});

        // Then
        assertThat(List.of(failed, starved))
                .extracting(outcome -> ((Outcome.Failed) outcome).type())
                .containsExactly("model-load-failed", "resource-limit-exceeded");
        assertThat(failed.data().path("engine_log").asText()).contains("architecture");
        assertThat(starved.data().at("/limits_hit/0/field").asText()).isEqualTo("resources.max_memory_mb");
    }

    /** The same model of an architecture that there is not. */
    private static byte[] unheardOf(byte[] model) {
        var key = "general.architecture".getBytes(StandardCharsets.US_ASCII);
        int at = 0;
        while (!Arrays.equals(model, at, at + key.length, key, 0, key.length)) {
            at++;
        }
        // Behind the key are the value's type and its length (GGUF 3).
        model[at + key.length + 4 + 8] = 'x';
        return model;
    }

    @Test
    void aListenerThatFailsEndsTheGenerationAndNotTheEngine() {
        // When
        var outcome = start(prompt("Count to 100"), (channel, text) -> {
            throw new IllegalStateException("nobody listens");
        });

        // Then
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.type()).isEqualTo("internal"));
        assertThat(start(prompt("Say hello"), (channel, text) -> {})).isInstanceOf(Outcome.Completed.class);
    }

    @Test
    void theSchemaTakesWhatTheExamplesAboveUse() {
        // Given
        var arguments =
                prompt("Say hello").put("system", "").put("max_tokens", 65_536).put("top_p", 1);
        arguments.put("seed", 0).putArray("stop").add("a").add("b").add("c").add("d");

        // Then
        Capabilities.of(List.of(generate)).validate(generate, arguments);
    }

    private Outcome start(ObjectNode arguments, OutputSink sink) {
        return generate.start(invocation(arguments), sink).outcome().await().atMost(LONG);
    }

    private static ModelSource.Resolution resolve(String model, String agent) {
        return switch (model) {
            case "ringfence-tiny" -> new ModelSource.Resolution.Found(engines.serve(LlamaForTests.model()));
            case "missing" ->
                new ModelSource.Resolution.Found(engines.serve(
                        LlamaForTests.model("missing", Path.of("/nowhere.gguf"), LlamaForTests.profile())));
            case "unreadable" ->
                new ModelSource.Resolution.Found(
                        engines.serve(LlamaForTests.model("unreadable", unreadable, LlamaForTests.profile())));
            case "starved" ->
                new ModelSource.Resolution.Found(engines.serve(
                        LlamaForTests.model("starved", LlamaForTests.modelFile(), LlamaForTests.profile(16))));
            default -> new ModelSource.Resolution.Refused("unknown-model", "no model is called " + model);
        };
    }

    private static ObjectNode prompt(String prompt) {
        return ResultJson.object()
                .put("model", "ringfence-tiny")
                .put("prompt", prompt)
                .put("temperature", 0);
    }

    private static Invocation invocation(ObjectNode arguments) {
        return new Invocation("job-1", "tester", arguments, LlamaForTests.profile(), LONG);
    }
}
