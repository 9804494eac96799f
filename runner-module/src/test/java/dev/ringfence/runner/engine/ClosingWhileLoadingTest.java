package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ringfence.runner.fence.FencedProcess;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClosingWhileLoadingTest {
    @TempDir
    Path directory;

    /** Each `ringfence run` beside a pinned model ended with a false alarm. */
    @Test
    void anEngineThatIsStoppedBeforeItIsUpIsNoFailure() {
        var warnings = new Warnings();
        var logger = Logger.getLogger(PooledEngine.class.getName());
        logger.addHandler(warnings);
        try {
            var model = ScriptedEngine.model();
            var asked = new AtomicBoolean();
            var pool = new LlamaServerPool(
                    EngineSettings.defaults().withExecutable(Path.of("/bin/true")), (command, log) -> {
                        FencedProcess engine = new ScriptedEngine(directory, command, new Loading(asked));
                        log.starting(engine::stop);
                        return engine;
                    });
            pool.use(Set.of(new LocalModel(
                    model.id(), model.file(), null, model.profile(), model.memory(), null, null, EnginePurpose.TEXT)));
            await().untilTrue(asked);

            pool.close();

            assertThat(warnings.told).isEmpty();
        } finally {
            logger.removeHandler(warnings);
        }
    }

    /** Never up. */
    private record Loading(AtomicBoolean asked) implements ScriptedEngine.Script {
        @Override
        public void answer(String path, SocketChannel client) {}

        @Override
        public boolean healthy() {
            asked.set(true);
            return false;
        }
    }

    private static final class Warnings extends Handler {
        private final List<String> told = new CopyOnWriteArrayList<>();

        @Override
        public void publish(LogRecord said) {
            if (said.getLevel().intValue() >= Level.WARNING.intValue()) {
                told.add(said.getMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
