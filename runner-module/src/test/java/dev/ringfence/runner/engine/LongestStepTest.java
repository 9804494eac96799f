package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.engine.GenerationResult.Cancelled;
import dev.ringfence.runner.fence.FencedProcess;
import io.smallrye.mutiny.TimeoutException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Engines that take longer than a step and are none to stop: all others would lose their answers. */
class LongestStepTest {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final EngineSettings SETTINGS = EngineSettings.defaults()
            .withExecutable(Path.of("/bin/true"))
            .withStepTimeout(Duration.ofSeconds(1))
            .withSlots(1, 8);
    private static final String BUSY = "[{\"id\":0,\"is_processing\":true}]";
    private static final String IDLE = "[{\"id\":0,\"is_processing\":false}]";
    private static final String VECTOR = "{\"data\":[{\"embedding\":[0.5]}],\"usage\":{\"prompt_tokens\":1}}";

    private final List<FencedProcess> started = new CopyOnWriteArrayList<>();
    private final AtomicInteger asked = new AtomicInteger();

    @TempDir
    Path root;

    /** After a pause of the host the time of a step was over at once, for an engine that had been paused as well. */
    @Test
    void anEngineThatAnswersOnceTheTimeOfAStepIsOverGoesOn() throws Exception {
        // Given
        var looks = new AtomicInteger();
        var answered = new CountDownLatch(1);
        try (var alarms = new Alarms()) {
            var server = server(alarms, (_, client) -> {
                if (looks.incrementAndGet() == 1) {
                    ScriptedServer.awaitHangUp(client);
                }
                ScriptedEngine.sendJson(client, BUSY);
                answered.countDown();
            });

            // When
            var watch = Thread.ofVirtual().start(() -> server.watch(() -> true));
            boolean inTime = answered.await(1, TimeUnit.MINUTES);
            server.stop();
            watch.join();

            // Then
            assertThat(inTime).isTrue();
            assertThat(server.stoodStill()).isFalse();
        }
    }

    /** It had as much of its step before it as before the pause, and a last look is short. */
    @Test
    void theTimeOfAStepDoesNotRunWhileTheHostIsFrozen() throws Exception {
        // Given
        var frozen = new AtomicLong();
        var looks = new AtomicInteger();
        var answered = new CountDownLatch(1);
        try (var alarms = new Alarms(() -> System.nanoTime() + frozen.get())) {
            var server = server(alarms, SETTINGS.withStepTimeout(LIMIT), (_, client) -> {
                if (looks.incrementAndGet() == 1) {
                    frozen.addAndGet(Duration.ofHours(1).toNanos());
                    // For as long as it takes to notice.
                    var _ = await(new CountDownLatch(1), AwakeTime.TICK.multipliedBy(3));
                    ScriptedEngine.sendJson(client, BUSY);
                    answered.countDown();
                } else {
                    ScriptedServer.awaitHangUp(client);
                }
            });

            // When
            var watch = Thread.ofVirtual().start(() -> server.watch(() -> true));
            boolean inTime = answered.await(1, TimeUnit.MINUTES);
            server.stop();
            watch.join();

            // Then
            assertThat(inTime).isTrue();
            assertThat(looks.get()).isLessThan(3);
            assertThat(server.stoodStill()).isFalse();
        }
    }

    /** Its model may have been half read: the host went on with that where it had been. */
    @Test
    void theTimeToLoadDoesNotRunWhileTheHostIsFrozen() {
        // Given
        var frozen = new AtomicLong();
        var looks = new AtomicInteger();
        var loading = new ScriptedEngine.Script() {
            @Override
            public void answer(String path, SocketChannel client) {}

            @Override
            public boolean healthy() {
                frozen.set(Duration.ofHours(1).toNanos());
                return looks.incrementAndGet() > 2;
            }
        };
        try (var alarms = new Alarms(() -> System.nanoTime() + frozen.get())) {
            var server = server(alarms, SETTINGS, loading);

            // When
            server.awaitHealthy(_ -> {});

            // Then
            assertThat(looks).hasValue(3);
            server.stop();
        }
    }

    @Test
    void anEngineWhoseSlotIsIdleOnceTheTimeOfAStepIsOverGoesOn() {
        // Given
        var looks = new AtomicInteger();
        try (var alarms = new Alarms()) {
            var server = server(alarms, (_, client) -> {
                if (looks.incrementAndGet() == 1) {
                    ScriptedServer.awaitHangUp(client);
                }
                ScriptedEngine.sendJson(client, IDLE);
            });

            // When
            server.settle(0);

            // Then
            assertThat(server.stoodStill()).isFalse();
            server.stop();
        }
    }

    /** It does not notice that nobody wants them: what it has begun would pile up in it. */
    @Test
    void vectorsThatNobodyWantsAnyMoreKeepTheirSlotUntilTheyHaveComeAndNotWhoAskedForThem() {
        // Given
        var first = new CountDownLatch(1);
        var done = new CountDownLatch(1);
        try (var pool = pool(SETTINGS.withStepTimeout(LIMIT), (path, client) -> {
            if (path.equals("/slots")) {
                ScriptedEngine.sendJson(client, BUSY);
            } else if (asked.incrementAndGet() == 1) {
                first.countDown();
                await(done);
                ScriptedEngine.sendJson(client, VECTOR);
            } else {
                ScriptedEngine.sendJson(client, VECTOR);
            }
        })) {
            var unwanted = vectors(pool, "hello");
            await(first);
            var wanted = vectors(pool, "hello");

            // When
            unwanted.cancel();

            // Then
            assertThat(unwanted.result().await().atMost(LIMIT)).isInstanceOf(Cancelled.class);
            assertThatThrownBy(() -> wanted.result().await().atMost(Duration.ofSeconds(2)))
                    .isInstanceOf(TimeoutException.class);
            assertThat(asked).hasValue(1);
            done.countDown();
            assertThat(wanted.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
            assertThat(started).hasSize(1);
        }
    }

    @Test
    void anEngineIsAskedForALittleAtATimeSoThatOneWhoHasGoneLeavesItLittleToDo() {
        // Given
        var first = new CountDownLatch(1);
        var done = new CountDownLatch(1);
        try (var pool = pool((path, client) -> {
            if (path.equals("/slots")) {
                ScriptedEngine.sendJson(client, BUSY);
            } else {
                asked.incrementAndGet();
                first.countDown();
                await(done);
                ScriptedEngine.sendJson(client, VECTOR);
            }
        })) {
            var unwanted = vectors(pool, "long ".repeat(200), "longer ".repeat(200), "longest ".repeat(200));
            await(first);

            // When
            unwanted.cancel();
            done.countDown();

            // Then
            assertThat(vectors(pool, "hello").result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
            assertThat(asked).hasValue(2);
        }
    }

    @Test
    void anEngineWhoseVectorsDoNotComeInTimeIsStoppedAndWhoWaitsGoesOnWithTheNext() {
        // Given
        var first = new CountDownLatch(1);
        try (var pool = pool((path, client) -> {
            if (path.equals("/slots")) {
                ScriptedEngine.sendJson(client, BUSY);
            } else if (asked.incrementAndGet() == 1) {
                first.countDown();
                ScriptedServer.awaitHangUp(client);
            } else {
                ScriptedEngine.sendJson(client, VECTOR);
            }
        })) {
            var unwanted = vectors(pool, "hello");
            await(first);
            var wanted = vectors(pool, "hello");

            // When
            unwanted.cancel();

            // Then
            assertThat(unwanted.result().await().atMost(LIMIT)).isInstanceOf(Cancelled.class);
            assertThat(wanted.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
            assertThat(started).hasSize(2);
        }
    }

    private static void await(CountDownLatch latch) {
        assertThat(await(latch, LIMIT)).isTrue();
    }

    private static boolean await(CountDownLatch latch, Duration most) {
        try {
            return latch.await(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Generation vectors(LlamaServerPool pool, String... texts) {
        var body = JsonNodeFactory.instance.objectNode();
        List.of(texts).forEach(body.putArray("input")::add);
        return pool.serve(ofOneStep())
                .generate(new GenerationRequest(Operation.EMBEDDINGS, body, "tester"), LIMIT, _ -> {});
    }

    /** A text that fills its context is as much as one step. */
    private static LocalModel ofOneStep() {
        var model = ScriptedEngine.model();
        return new LocalModel(
                model.id(), model.file(), null, model.profile(), model.memory(), EngineCommand.STEP_TOKENS, null, null);
    }

    private LlamaServerPool pool(ScriptedEngine.Script script) {
        return pool(SETTINGS, script);
    }

    private LlamaServerPool pool(EngineSettings settings, ScriptedEngine.Script script) {
        return new LlamaServerPool(settings, (command, _) -> started(new ScriptedEngine(root, command, script)));
    }

    private LlamaServer server(Alarms alarms, ScriptedEngine.Script script) {
        return server(alarms, SETTINGS, script);
    }

    private LlamaServer server(Alarms alarms, EngineSettings settings, ScriptedEngine.Script script) {
        return LlamaServer.start(
                ScriptedEngine.model(),
                EnginePurpose.TEXT,
                settings,
                null,
                (command, _) -> started(new ScriptedEngine(root, command, script)),
                alarms,
                new EarlyStop());
    }

    private FencedProcess started(FencedProcess engine) {
        started.add(engine);
        return engine;
    }
}
