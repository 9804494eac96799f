package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Texts that become vectors. */
class EmbeddingsTest {
    private static final int MEAN = 1;
    private static final int RANK = 4;
    private static final String VECTOR = "{\"data\":[{\"embedding\":[0.5]}],\"usage\":{\"prompt_tokens\":1}}";

    private final List<FencedCommand> started = new CopyOnWriteArrayList<>();
    private final List<JsonNode> heard = new CopyOnWriteArrayList<>();

    @TempDir
    Path directory;

    /** There was one for each token, in more memory than the engine may have. */
    @Test
    void manyLongTextsGetOneVectorEachFromAModelThatWasNotMadeForThemInLittleMemory() {
        // Given
        var texts = JsonNodeFactory.instance.arrayNode();
        IntStream.range(0, 100).forEach(i -> texts.add(longText(i)));
        var model = LlamaForTests.model("tiny", LlamaForTests.modelFile(), LlamaForTests.profile(128));

        try (var fence = LlamaForTests.fence();
                var pool = new LlamaServerPool(LlamaForTests.settings(), fence)) {
            // When
            var answer = (Answered) ask(pool, model, texts);

            // Then
            assertThat(heard).hasSize(100);
            for (int i = 0; i < heard.size(); i++) {
                assertThat(heard.get(i).path("index").asInt()).isEqualTo(i);
                assertThat(length(heard.get(i))).isBetween(0.999, 1.001);
            }
            assertThat(heard.get(0).path("embedding")).isNotEqualTo(heard.get(1).path("embedding"));
            assertThat(answer.inputTokens()).isGreaterThan(10_000);
        }
    }

    /** Some clients send the ids that another model's tokenizer made of a text. */
    @ParameterizedTest
    @EnumSource(names = {"EMBEDDINGS", "COMPLETION"})
    void tokensOfAnotherModelAreRefusedWithWhatToSendInstead(Operation operation) {
        var body = JsonNodeFactory.instance.objectNode();
        body.putArray(operation.prompt()).add(99_999_999);

        try (var fence = LlamaForTests.fence();
                var pool = new LlamaServerPool(LlamaForTests.settings(), fence)) {
            assertThatThrownBy(() -> ask(pool, LlamaForTests.model(), new GenerationRequest(operation, body, "tester")))
                    .isInstanceOfSatisfying(
                            EngineException.InvalidRequest.class,
                            refusal -> assertThat(refusal.parameter()).hasValue(operation.prompt()))
                    .hasMessageContaining("this model's own tokenizer");
        }
    }

    @Test
    void theEngineIsAskedForAStepOfThemAtATime() {
        // Given
        var asked = new AtomicInteger();
        var texts = JsonNodeFactory.instance.arrayNode();
        IntStream.range(0, 3).forEach(_ -> texts.add("word ".repeat(EngineCommand.STEP_TOKENS)));
        try (var pool = ScriptedEngine.pool(directory, (_, client) -> {
            asked.incrementAndGet();
            ScriptedEngine.sendJson(client, VECTOR);
        })) {
            // When
            var answer = (Answered) ask(pool, ScriptedEngine.model(), texts);

            // Then
            assertThat(asked).hasValue(3);
            assertThat(answer.inputTokens()).isEqualTo(3);
            assertThat(heard).extracting(vector -> vector.path("index").asInt()).containsExactly(0, 1, 2);
        }
    }

    @Test
    void anAnswerWithAnotherNumberOfVectorsThanTextsIsNone() {
        try (var pool = ScriptedEngine.pool(directory, (_, client) -> ScriptedEngine.sendJson(client, VECTOR))) {
            assertThatThrownBy(() -> ask(
                            pool,
                            ScriptedEngine.model(),
                            JsonNodeFactory.instance.arrayNode().add("one").add("two")))
                    .isInstanceOf(EngineException.Misbehaved.class)
                    .hasMessageContaining("1 vectors for 2 inputs");
        }
    }

    @Test
    void aModelThatNamesAWayToPoolKeepsToIt() throws IOException {
        // Given
        var named = LlamaForTests.model("named", modelThatPools(MEAN), LlamaForTests.profile());

        try (var pool = new LlamaServerPool(
                EngineSettings.defaults().withExecutable(Path.of("/bin/true")), (command, _) -> started(command))) {
            // When
            var _ = ask(pool, named, JsonNodeFactory.instance.arrayNode().add("hello"));
            var _ = ask(
                    pool,
                    ScriptedEngine.model(),
                    JsonNodeFactory.instance.arrayNode().add("hello"));
        }

        // Then
        assertThat(started.getFirst().argv()).contains("--embeddings").doesNotContain("--pooling");
        assertThat(started.getLast().argv()).containsSequence("--pooling", "mean");
    }

    @Test
    void aModelThatPutsTextsIntoAnOrderIsNotAskedForVectors() throws IOException {
        // Given
        var ranks = LlamaForTests.model("ranks", modelThatPools(RANK), LlamaForTests.profile());

        try (var pool = new LlamaServerPool(
                EngineSettings.defaults().withExecutable(Path.of("/bin/true")), (command, _) -> started(command))) {
            // Then
            assertThatThrownBy(() -> ask(
                            pool, ranks, JsonNodeFactory.instance.arrayNode().add("hello")))
                    .isInstanceOfSatisfying(EngineException.InvalidRequest.class, refusal -> {
                        assertThat(refusal)
                                .hasMessageContaining("ranks")
                                .hasMessageContaining("a model for embeddings");
                        assertThat(refusal.parameter()).hasValue("model");
                    });
            assertThat(started).isEmpty();
        }
    }

    private FencedProcess started(FencedCommand command) {
        started.add(command);
        return new ScriptedEngine(directory, command, (_, client) -> ScriptedEngine.sendJson(client, VECTOR));
    }

    private GenerationResult ask(LlamaServerPool pool, LocalModel model, ArrayNode texts) {
        var body = JsonNodeFactory.instance.objectNode().set("input", texts);
        return ask(pool, model, new GenerationRequest(Operation.EMBEDDINGS, body.deepCopy(), "tester"));
    }

    private GenerationResult ask(LlamaServerPool pool, LocalModel model, GenerationRequest request) {
        return pool.serve(model)
                .generate(request, Asking.LIMIT, event -> {
                    if (event instanceof Vectors vectors) {
                        vectors.data().forEach(heard::add);
                    }
                })
                .result()
                .await()
                .atMost(Asking.LIMIT);
    }

    private static String longText(int number) {
        return IntStream.range(0, 60).mapToObj(i -> "word" + i).collect(Collectors.joining(" ", number + " ", ""));
    }

    private static double length(JsonNode vector) {
        double square = 0;
        for (var number : vector.path("embedding")) {
            square += number.doubleValue() * number.doubleValue();
        }
        return Math.sqrt(square);
    }

    /** The model that ships with the project, and one key more. The other fills up what its weights are aligned to. */
    private Path modelThatPools(int type) throws IOException {
        var model = Files.readAllBytes(LlamaForTests.modelFile());
        var bytes = ByteBuffer.allocate(model.length + 64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(model, 0, 24);
        int keys = 16;
        bytes.putLong(keys, bytes.getLong(keys) + 2);
        text(bytes, "llama.pooling_type").putInt(4).putInt(type);
        text(text(bytes, "fills").putInt(8), "it up");
        assertThat(bytes.position()).isEqualTo(24 + 64);
        bytes.put(model, 24, model.length - 24);
        return Files.write(directory.resolve("pools.gguf"), bytes.array());
    }

    private static ByteBuffer text(ByteBuffer target, String text) {
        return target.putLong(text.length()).put(text.getBytes(StandardCharsets.US_ASCII));
    }
}
