package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.atZero;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.DataSize;
import dev.ringfence.runner.engine.EngineException.EngineMissing;
import dev.ringfence.runner.engine.EngineException.LoadFailed;
import dev.ringfence.runner.engine.EngineException.TooLarge;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.fence.LimitHit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told of an engine that does not come up, and why. */
class EngineThatDoesNotLoadTest {
    private static final EngineSettings SETTINGS = EngineSettings.defaults().withExecutable(Path.of("/bin/true"));

    @TempDir
    Path directory;

    /** Only what looked like llama.cpp's errors was told, and of anything else the exit code alone. */
    @ParameterizedTest
    @CsvSource({
        "'loading\nsome engine log: cannot load model\n\n', (exit code 1): some engine log: cannot load model",
        "'0.1 E no such file\ngiving up\n', (exit code 1): 0.1 E no such file",
        "'', (exit code 1)"
    })
    void theLastWordsOfAnEngineAreToldWhereNoneOfThemIsAnError(String log, String told) {
        try (var pool = new LlamaServerPool(SETTINGS, (_, listener) -> ScriptedProgram.over(listener, log))) {
            var generation = pool.serve(ScriptedEngine.model()).generate(atZero("x"), LIMIT, _ -> {});

            assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                    .isInstanceOf(LoadFailed.class)
                    .hasMessageEndingWith(told);
        }
    }

    /** Each start of a pinned one was told, every five seconds, and its failure only once. */
    @Test
    void theStartOfAPinnedEngineThatIsTriedAgainIsNotToldWithoutItsOutcome() {
        var starts = new AtomicInteger();
        try (var log = new LoggedLines(PooledEngine.class)) {
            try (var pool = new LlamaServerPool(SETTINGS, (_, listener) -> {
                starts.incrementAndGet();
                return ScriptedProgram.over(listener, "no luck");
            })) {
                pool.use(Set.of(pinned()));
                await().until(() -> starts.get() == 2);
            }

            assertThat(log.lines())
                    .containsExactly(
                            "INFO Engine of model pinned started as process 1",
                            "WARN Engine of model pinned did not come up: the engine of model pinned ended before it"
                                    + " could answer (exit code 1): no luck");
        }
    }

    /** A directory can be executable, and gave nothing but the exit code 126. */
    @Test
    void aConfiguredServerThatIsADirectoryIsToldWithTheSetting() {
        assertThatThrownBy(() -> LlamaInstallation.find(SETTINGS.withExecutable(directory), null))
                .isInstanceOf(EngineMissing.class)
                .hasMessageStartingWith("ringfence.llama-server is " + directory + ", which is no executable file.");
    }

    /** It was shown as failed for ever, and was tried each five seconds, while the model answered. */
    @Test
    void aPinnedModelIsNotKeptUpWhereThereIsNoServerAndTheLogSaysSoOnce() throws IOException {
        var program = Files.writeString(directory.resolve("llama-completion"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (var log = new LoggedLines(LlamaServerPool.class);
                var pool = new LlamaServerPool(
                        SETTINGS.withExecutable(program), (_, listener) -> ScriptedProgram.over(listener, ""))) {
            pool.use(Set.of(pinned()));

            assertThat(pool.status().await().atMost(LIMIT)).isEmpty();
            assertThat(pool.load().failed()).isZero();
            assertThat(log.lines())
                    .singleElement()
                    .asString()
                    .startsWith("WARN engine.pin of the models [pinned] has no effect");
        }
    }

    /** That its engine was up, and yet did not fit, could not be understood. */
    @Test
    void vectorsOfAPinnedModelForWhichASecondEngineDoesNotFitAreRefusedWithThatReason() {
        try (var pool = new LlamaServerPool(
                SETTINGS.withMemoryBudget(DataSize.ofMegabytes(15).bytes()),
                (command, _) -> new ScriptedEngine(directory, command, (_, _) -> {}))) {
            pool.use(Set.of(pinned()));
            await().until(() -> pool.load().ready() == 1);
            var body = JsonNodeFactory.instance.objectNode().put("input", "x");

            var generation = pool.serve(pinned())
                    .generate(new GenerationRequest(Operation.EMBEDDINGS, body, "tester"), LIMIT, _ -> {});

            assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                    .isInstanceOf(TooLarge.class)
                    .hasMessageContaining("engines may have 5 MB beside the pinned ones")
                    .hasMessageEndingWith(
                            "vectors need a second engine of it beside the pinned one, which makes texts");
        }
    }

    /** Which of both had set the limit could not be told from it. */
    @ParameterizedTest
    @CsvSource({"1, 'that of profile %s: raise it there'", "1000000, 'what the model needs, as min_memory_mb'"})
    void aLimitOfTheMemoryThatAnEngineHitIsToldWithWhatHasSetIt(long megabytes, String told) {
        var model = pinned(DataSize.ofMegabytes(megabytes));
        var memory = new LimitHit("resources.max_memory_mb", "8 bytes", "1 killed");
        var tasks = new LimitHit("process_limits.max_child_processes", "8 tasks", "1 refused");
        var profile = LlamaForTests.profile().name();

        assertThat(EngineCommand.told(List.of(memory, tasks), model))
                .startsWith(", limits hit: " + memory + "; " + tasks + "; the limit is ")
                .contains(told.formatted(profile))
                .contains("profile " + profile);
        assertThat(EngineCommand.told(List.of(tasks), model)).isEqualTo(", limits hit: " + tasks);
        assertThat(EngineCommand.told(List.of(), model)).isEmpty();
    }

    private static LocalModel pinned() {
        return pinned(DataSize.ofMegabytes(10));
    }

    private static LocalModel pinned(DataSize memory) {
        return new LocalModel(
                "pinned",
                LlamaForTests.modelFile(),
                null,
                LlamaForTests.profile(),
                memory,
                null,
                null,
                EnginePurpose.TEXT);
    }
}
