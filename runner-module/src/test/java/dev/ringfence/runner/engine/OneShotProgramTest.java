package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.atZero;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.runner.engine.EngineException.LoadFailed;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.PromptTooLong;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.Fences;
import dev.ringfence.runner.process.OutputListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a one-shot model's program when its answer does not come to its end. */
class OneShotProgramTest {
    private final List<ScriptedProgram> programs = new CopyOnWriteArrayList<>();

    private final AtomicInteger building = new AtomicInteger();
    private final AtomicInteger built = new AtomicInteger();

    @TempDir
    Path directory;

    @Test
    void aProgramWhoseAnswerIsTooLongIsGoneWhenTheRequestFails() throws IOException {
        try (var pool = new LlamaServerPool(settings(), this::start)) {
            var generation = pool.serve(ScriptedEngine.model()).generate(atZero("Say hello"), LIMIT, _ -> {});

            assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                    .isInstanceOf(Misbehaved.class)
                    .hasMessageContaining("max_tokens");
            assertThat(programs).singleElement().matches(ScriptedProgram::ended);
            assertThat(generation.engine()).isPresent();
        }
    }

    @Test
    void aProgramWhoseListenerFailsIsGoneAndTheNextRequestHasItsTurn() throws IOException {
        try (var pool = new LlamaServerPool(settings(), this::start)) {
            var model = pool.serve(ScriptedEngine.model());
            var failing = model.generate(atZero("Say hello"), LIMIT, _ -> {
                throw new IllegalStateException("no ear");
            });
            assertThatThrownBy(() -> failing.result().await().atMost(LIMIT)).hasMessage("no ear");
            assertThat(programs.getFirst().ended()).isTrue();

            var begun = new CountDownLatch(1);
            var next = model.generate(atZero("Say hello"), LIMIT, _ -> begun.countDown());
            await().until(() -> begun.getCount() == 0);
            next.cancel();
            assertThat(next.result().await().atMost(LIMIT)).isInstanceOf(GenerationResult.Cancelled.class);
            assertThat(programs).hasSize(2).allMatch(ScriptedProgram::ended);
        }
    }

    @Test
    void aProgramIsStoppedAlsoWhileAnEngineTakesItsTimeToEnd() throws Exception {
        var prefix = Files.createDirectories(directory.resolve("prefix/usr/bin"));
        program(directory.resolve("prefix/ld.so"));
        program(prefix.resolve("llama-completion"));
        var server = program(prefix.resolve("llama-server"));
        var loads = new CountDownLatch(1);
        var may = new CountDownLatch(1);
        var pool = new LlamaServerPool(
                EngineSettings.defaults().withPrefix(directory.resolve("prefix")), (command, output) -> {
                    if (!command.argv().contains("--host")) {
                        return start(command, output);
                    }
                    loads.countDown();
                    await().until(() -> may.getCount() == 0);
                    return new ScriptedEngine(directory.resolve("engine"), command, (_, _) -> {});
                });
        var model = pool.serve(ScriptedEngine.model());
        var _ = model.generate(atZero("Say hello"), LIMIT, _ -> {});
        await().until(() -> loads.getCount() == 0);
        Files.delete(server);
        var _ = model.generate(atZero("Say hello"), LIMIT, _ -> {});
        await().until(() -> !programs.isEmpty());

        var closing = Thread.ofVirtual().start(pool::close);

        await().until(() -> programs.getFirst().stopped());
        assertThat(closing.isAlive()).isTrue();
        may.countDown();
        closing.join();
        assertThat(programs.getFirst().ended()).isTrue();
    }

    /** Some releases end without waiting for their log to be written. */
    @Test
    void aProgramThatGaveUpAndDidNotGetToSayWhyIsAskedAgain() throws IOException {
        var logs = new ArrayDeque<>(List.of("", "0.0 I loading", "0.0 E prompt is too long (901 tokens, max 508)"));
        try (var pool = new LlamaServerPool(settings(), (_, output) -> ScriptedProgram.over(output, logs.remove()))) {
            var generation = pool.serve(ScriptedEngine.model()).generate(atZero("Say hello"), LIMIT, _ -> {});

            assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                    .isInstanceOfSatisfying(
                            PromptTooLong.class,
                            tooLong -> assertThat(tooLong.tokens()).isEqualTo(901));
            assertThat(logs).isEmpty();
        }
    }

    @Test
    void aProgramThatNeverSaysWhyItGaveUpHasFailed() throws IOException {
        var attempts = new AtomicInteger();
        try (var pool = new LlamaServerPool(settings(), (_, output) -> {
            attempts.incrementAndGet();
            return ScriptedProgram.over(output, "0.0 I loading");
        })) {
            var generation = pool.serve(ScriptedEngine.model()).generate(atZero("Say hello"), LIMIT, _ -> {});

            assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                    .isInstanceOf(LoadFailed.class)
                    .hasMessageContaining("code=1");
            assertThat(attempts).hasValue(5);
        }
    }

    /** As bubblewrap may, on a file system that does not answer. */
    @Test
    void aRequestIsOverAndTheNextHasItsTurnAlsoWhileTheProgramsFenceIsNeverBuilt() throws Exception {
        try (var pool = new LlamaServerPool(settings(), new NeverBuilt())) {
            var model = pool.serve(ScriptedEngine.model());
            var first = model.generate(atZero("Say hello"), LIMIT, _ -> {});
            await().until(() -> building.get() == 1);

            first.cancel();

            assertThat(first.result().await().atMost(LIMIT)).isInstanceOf(GenerationResult.Cancelled.class);
            var _ = model.generate(atZero("Say hello"), LIMIT, _ -> {});
            await().until(() -> building.get() == 2);
        }
        assertThat(built).hasValue(2);
    }

    @Test
    void anEngineWhoseFenceIsNotBuiltWithinTheTimeToLoadHasFailedToLoad() throws Exception {
        var settings = EngineSettings.defaults()
                .withExecutable(program(directory.resolve("llama-server")))
                .withLoadTimeout(Duration.ofMillis(200));
        try (var pool = new LlamaServerPool(settings, new NeverBuilt())) {
            var asked = pool.serve(ScriptedEngine.model()).generate(atZero("Say hello"), LIMIT, _ -> {});

            assertThatThrownBy(() -> asked.result().await().atMost(LIMIT))
                    .isInstanceOf(LoadFailed.class)
                    .hasMessageContaining("load timeout of 0.2 s (ringfence.engines.load-timeout)");
        }
        assertThat(built).hasValue(1);
    }

    @Test
    void aPoolIsClosedAlsoWhileAnEnginesFenceIsNeverBuilt() throws Exception {
        var settings = EngineSettings.defaults().withExecutable(program(directory.resolve("llama-server")));
        try (var pool = new LlamaServerPool(settings, new NeverBuilt())) {
            var _ = pool.serve(ScriptedEngine.model()).generate(atZero("Say hello"), LIMIT, _ -> {});
            await().until(() -> building.get() == 1);
        }
        assertThat(built).hasValue(1);
    }

    /** Fences that come only when their program is told to stop. */
    private final class NeverBuilt implements Fences {
        @Override
        public FencedProcess start(FencedCommand command, OutputListener output) {
            var stopped = new CountDownLatch(1);
            output.starting(stopped::countDown);
            building.incrementAndGet();
            await().until(() -> stopped.getCount() == 0);
            built.incrementAndGet();
            var program = new ScriptedProgram(output);
            program.stop();
            return program;
        }
    }

    private ScriptedProgram start(FencedCommand command, OutputListener output) {
        var program = new ScriptedProgram(output);
        programs.add(program);
        return program;
    }

    private EngineSettings settings() throws IOException {
        return EngineSettings.defaults().withExecutable(program(directory.resolve("llama-completion")));
    }

    /** Nobody runs it, but it is looked for. */
    private static Path program(Path file) throws IOException {
        Files.writeString(file, "#!/bin/false\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
