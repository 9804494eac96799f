package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineStatus.State;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a real engine does not do when one wants it to. */
class MisbehavingEngineTest {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    private static final String PIECE = "data: {\"choices\":[{\"delta\":{\"content\":\"piece\"}}]}\n\n";
    private static final String WHOLE = PIECE
            + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
            + "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";
    private static final String BUSY = "[{\"id\":0,\"is_processing\":true}]";
    private static final String IDLE = "[{\"id\":0,\"is_processing\":false}]";

    @TempDir
    Path root;

    @Test
    void aCancelledAnswerIsOverOnlyWhenTheEngineSaysThatItsSlotIsIdle() {
        // Given
        var told = new CopyOnWriteArrayList<String>();
        var under = new CompletableFuture<Generation>();
        try (var pool = ScriptedEngine.pool(root, (path, client) -> {
            if (path.equals("/slots")) {
                told.add(told.size() < 3 ? BUSY : IDLE);
                ScriptedEngine.sendJson(client, told.getLast());
            } else {
                ScriptedEngine.send(client, STREAM + PIECE);
                ScriptedServer.awaitHangUp(client);
            }
        })) {

            // When
            under.complete(generate(pool, piece -> under.join().cancel()));
            var result = under.join().result().await().atMost(LIMIT);

            // Then
            assertThat(result).isInstanceOf(GenerationResult.Cancelled.class);
            assertThat(told).containsExactly(BUSY, BUSY, BUSY, IDLE);
        }
    }

    @Test
    void anEngineThatNeverBecomesIdleHoldsACancelledRequestForASecondAtMost() {
        // Given
        var under = new CompletableFuture<Generation>();
        try (var pool = ScriptedEngine.pool(root, (path, client) -> {
            if (path.startsWith("/v1")) {
                ScriptedEngine.send(client, STREAM + PIECE);
            }
            ScriptedServer.awaitHangUp(client);
        })) {

            // When
            under.complete(generate(pool, piece -> under.join().cancel()));

            // Then
            assertThat(under.join().result().await().atMost(LIMIT)).isInstanceOf(GenerationResult.Cancelled.class);
        }
    }

    @Test
    void anEngineThatDoesNotSayHowBusyItIsIsShownAsThisServiceKnowsIt() throws Exception {
        // Given
        var begun = new CountDownLatch(1);
        try (var pool = ScriptedEngine.pool(root, (path, client) -> {
            if (path.startsWith("/v1")) {
                ScriptedEngine.send(client, STREAM + PIECE);
            }
            ScriptedServer.awaitHangUp(client);
        })) {
            var generation = generate(pool, piece -> begun.countDown());
            assertThat(begun.await(2, TimeUnit.MINUTES)).isTrue();

            // When
            var status = pool.status().await().atMost(LIMIT);

            // Then
            assertThat(status).extracting(EngineStatus::state).isEqualTo(List.of(new State.Ready(1, 4, 1)));
            generation.cancel();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                STREAM + PIECE + "data: [DONE]\n\n",
                STREAM + PIECE,
                STREAM + "data: no json\n\n",
                STREAM + PIECE + "data: {\"error\":{\"code\":500,\"message\":\"out of luck\"}}\n\n",
                STREAM + "error: {\"code\":500,\"message\":\"out of luck\"}\n\n",
                "HTTP/1.1 500 Internal Server Error\r\n\r\noops",
                "SSH-2.0-OpenSSH_9.2\r\n\r\n"
            })
    void anAnswerThatIsNoneIsSaidToBeSo(String answer) {
        // Given
        try (var pool = ScriptedEngine.pool(root, (path, client) -> answer(path, client, answer))) {
            var generation = generate(pool, piece -> {});

            // Then
            assertThatThrownBy(() -> generation.result().await().atMost(LIMIT)).isInstanceOf(Misbehaved.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"content\":\"%s\"}",
                "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"%s\"}}]}",
                "{\"tool_calls\":[{\"index\":0,\"id\":\"%s\"}]}"
            })
    void anAnswerWithoutAnEndIsBrokenOffWhereAResultWouldBeTooLarge(String delta) {
        // Given
        var piece = "data: {\"choices\":[{\"delta\":" + delta.formatted("x".repeat(256 << 10)) + "}]}\n\n";
        var heard = new AtomicLong();
        try (var pool = ScriptedEngine.pool(root, (path, client) -> {
            if (path.equals("/slots")) {
                ScriptedEngine.sendJson(client, IDLE);
                return;
            }
            ScriptedEngine.send(client, STREAM);
            while (true) {
                ScriptedEngine.send(client, piece);
            }
        })) {
            var generation = generate(pool, text -> heard.addAndGet(text.length()));

            // Then
            assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                    .isInstanceOf(Misbehaved.class)
                    .hasMessageContaining("4194304 characters")
                    .hasMessageContaining("max_tokens");
            assertThat(heard.get()).isLessThanOrEqualTo(4 << 20);
        }
    }

    @Test
    void aRequestWithToolsIsCancelledAtOnceThoughTheEngineDoesNotTellOfItself() throws Exception {
        // Given
        var asked = new CountDownLatch(1);
        try (var pool = ScriptedEngine.pool(root, (path, client) -> {
            if (path.equals("/props")) {
                asked.countDown();
                ScriptedServer.awaitHangUp(client);
            } else {
                ScriptedEngine.sendJson(client, IDLE);
            }
        })) {
            var tool = JsonNodeFactory.instance.objectNode().put("type", "function");
            tool.putObject("function").put("name", "look");
            var request = Asking.atZero("ask");
            request.body().putArray("tools").add(tool);
            var generation = pool.serve(ScriptedEngine.model()).generate(request, LIMIT, event -> {});
            assertThat(asked.await(2, TimeUnit.MINUTES)).isTrue();

            // When
            long begun = System.nanoTime();
            generation.cancel();
            var result = generation.result().await().atMost(LIMIT);

            // Then
            assertThat(result).isInstanceOf(GenerationResult.Cancelled.class);
            // The engine would have had half a minute to tell.
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
        }
    }

    @Test
    void whatTheEngineRefusesIsToldInItsOwnWords() {
        // Given
        var refusal = "HTTP/1.1 400 Bad Request\r\n\r\n{\"error\":{\"code\":400,\"message\":\"not like this\"}}";
        try (var pool = ScriptedEngine.pool(root, (path, client) -> answer(path, client, refusal))) {
            var generation = generate(pool, piece -> {});

            // Then
            assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                    .isInstanceOf(InvalidRequest.class)
                    .hasMessageContaining("not like this");
        }
    }

    @Test
    void aRequestThatWasCancelledBeforeItsTurnStartsNoEngine() throws Exception {
        // Given
        var blocked = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        try (var pool = ScriptedEngine.pool(root, (path, client) -> answer(path, client, STREAM + WHOLE))) {
            var first = pool.serve(ScriptedEngine.model())
                    .generate(Asking.atZero("hello"), LIMIT, new GenerationListener() {
                        @Override
                        public void heard(GenerationEvent event) {}

                        @Override
                        public void waits(EngineProgress progress) {
                            // It must not, but so nothing is decided until all others have been cancelled.
                            blocked.countDown();
                            try {
                                go.await();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        }
                    });
            assertThat(blocked.await(2, TimeUnit.MINUTES)).isTrue();

            // When
            var other = LlamaForTests.model("other", LlamaForTests.modelFile(), LlamaForTests.profile());
            var cancelled = IntStream.range(0, 20)
                    .mapToObj(_ -> pool.serve(other).generate(Asking.atZero("hello"), LIMIT, _ -> {}))
                    .toList();
            cancelled.forEach(Generation::cancel);
            go.countDown();

            // Then
            for (var generation : cancelled) {
                assertThat(generation.result().await().atMost(LIMIT)).isInstanceOf(GenerationResult.Cancelled.class);
            }
            assertThat(first.result().await().atMost(LIMIT)).isInstanceOf(GenerationResult.Answered.class);
            assertThat(pool.status().await().atMost(LIMIT))
                    .extracting(EngineStatus::model)
                    .containsExactly("scripted");
        }
    }

    private static void answer(String path, SocketChannel client, String answer) throws IOException {
        if (path.equals("/slots")) {
            ScriptedEngine.sendJson(client, IDLE);
        } else {
            ScriptedEngine.send(client, answer);
        }
    }

    private static Generation generate(LlamaServerPool pool, Consumer<String> listener) {
        return Asking.ask(pool, ScriptedEngine.model(), "hello", listener);
    }
}
