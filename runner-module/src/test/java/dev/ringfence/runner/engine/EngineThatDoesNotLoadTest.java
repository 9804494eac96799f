package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.atZero;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.runner.engine.EngineException.EngineMissing;
import dev.ringfence.runner.engine.EngineException.LoadFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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

    private static LocalModel pinned() {
        return new LocalModel(
                "pinned",
                LlamaForTests.modelFile(),
                null,
                LlamaForTests.profile(),
                DataSize.ofMegabytes(10),
                null,
                null,
                EnginePurpose.TEXT);
    }
}
