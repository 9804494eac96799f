package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEngine;
import dev.ringfence.runner.process.ProcessRequest;
import dev.ringfence.runner.process.ProgramInput;
import dev.ringfence.runner.process.Stream;
import dev.ringfence.runner.process.Supervisor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class HeldBackQueueTest {
    private static final int BYTES = 20_000_000;

    private final HeldBackQueue<byte[]> queue = new HeldBackQueue<>();
    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicInteger added = new AtomicInteger();

    @Test
    @Timeout(300)
    void aProgramWaitsForWhoTakesItsOutputSlowlyAndNothingOfItIsLost() throws InterruptedException {
        var process = ProcessEngine.start(
                new ProcessRequest(
                        "held",
                        Path.of("/usr/bin/head"),
                        List.of("head", "-c", Integer.toString(BYTES), "/dev/zero"),
                        Map.of(),
                        Path.of("/"),
                        ProgramInput.NONE,
                        List.of(),
                        false,
                        Duration.ofMinutes(5),
                        Duration.ofMillis(100),
                        0,
                        Optional.empty()),
                new Supervisor() {},
                new Heard());

        await().until(() -> refused.get() > 0);
        assertThat(added).hasValue(64);
        long taken = 0;
        while (taken < BYTES) {
            taken += queue.take().length;
        }

        assertThat(taken).isEqualTo(BYTES);
        assertThat(process.result()
                        .await()
                        .atMost(Duration.ofMinutes(2))
                        .stdout()
                        .totalBytes())
                .isEqualTo(BYTES);
    }

    private final class Heard implements OutputListener {
        @Override
        public void attached(Runnable look) {
            queue.attach(look);
        }

        @Override
        public boolean wantsMore() {
            boolean wanted = queue.wantsMore();
            if (!wanted) {
                refused.incrementAndGet();
            }
            return wanted;
        }

        @Override
        public void wrote(Stream stream, byte[] chunk) {
            added.incrementAndGet();
            queue.add(chunk);
        }
    }
}
