package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.atZero;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.PromptTooLong;
import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.fence.HostFences;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real llama-completion in a real fence, on a host without a server. */
class OneShotTest {
    private static final HostFences FENCE = LlamaForTests.fence();

    @TempDir
    static Path directory;

    private final List<String> pieces = new CopyOnWriteArrayList<>();
    private final LlamaServerPool pool = new LlamaServerPool(settings(), FENCE);

    private static EngineSettings settings() {
        var settings = LlamaForTests.settings();
        var prefix = settings.prefix();
        boolean there = prefix != null && Files.isExecutable(prefix.resolve("usr/bin/llama-completion"));
        if (!there) {
            System.out.println("SKIPPED: needs llama-completion in RINGFENCE_LLAMA_PREFIX");
        }
        Assumptions.assumeTrue(there);
        return settings.withPrefix(withoutServer(Objects.requireNonNull(prefix)));
    }

    /** A copy, in which the fence finds nothing else. */
    private static Path withoutServer(Path prefix) {
        var copy = directory.resolve("llama");
        if (!Files.exists(copy)) {
            try (var files = Files.walk(prefix)) {
                for (var file : files.toList()) {
                    if (!file.equals(prefix.resolve("usr/bin/llama-server"))) {
                        Files.copy(
                                file,
                                copy.resolve(prefix.relativize(file).toString()),
                                LinkOption.NOFOLLOW_LINKS,
                                StandardCopyOption.COPY_ATTRIBUTES);
                    }
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
        return copy;
    }

    @BeforeEach
    void open() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void close() {
        pool.close();
    }

    @AfterAll
    static void closeFence() {
        FENCE.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Say hello", "What is a fence?", "Count to 100"})
    void theAnswerIsThatOfTheServerWithItsRealCountsAndItsFence(String prompt) {
        var generation = ask(atZero(prompt));
        var answer = (Answered) generation.result().await().atMost(LIMIT);
        var text = String.join("", pieces);
        pieces.clear();

        try (var servers = new LlamaServerPool(LlamaForTests.settings(), FENCE)) {
            var same = (Answered) Asking.ask(servers, LlamaForTests.model(), prompt, pieces::add)
                    .result()
                    .await()
                    .atMost(LIMIT);
            assertThat(text).isEqualTo(String.join("", pieces)).isNotEmpty();
            assertThat(answer.finishReason()).isEqualTo(same.finishReason());
            assertThat(answer.inputTokens()).isEqualTo(same.inputTokens());
            assertThat(answer.outputTokens()).isEqualTo(same.outputTokens());
        }
        assertThat(answer.tokensPerSecond()).isPositive();
        assertThat(answer.timeToFirstToken()).isLessThanOrEqualTo(answer.elapsed());
        assertThat(generation.engine())
                .hasValueSatisfying(use -> assertThat(use.peakMemoryBytes()).isPositive());
    }

    @Test
    void anAnswerThatIsCutSaysSoAndHasAsManyTokensAsWereAllowed() {
        var request = atZero("What is a fence?");
        request.body().put("max_tokens", 3);

        var answer = (Answered) ask(request).result().await().atMost(LIMIT);

        assertThat(answer.finishReason()).isEqualTo("length");
        assertThat(answer.outputTokens()).isEqualTo(3);
    }

    @Test
    void aTextIsContinuedWithoutTheTemplateOfAChat() {
        var body = JsonNodeFactory.instance
                .objectNode()
                .put("prompt", "A fence is")
                .put("max_tokens", 8);
        body.put("temperature", 0);

        var answer = (Answered) ask(new GenerationRequest(Operation.COMPLETION, body, "tester"))
                .result()
                .await()
                .atMost(LIMIT);

        assertThat(answer.inputTokens()).isLessThan(8);
    }

    @Test
    void requestsOfManyAreAnsweredOneAfterTheOther() {
        var asked =
                IntStream.range(0, 4).mapToObj(_ -> ask(atZero("Say hello"))).toList();

        for (var generation : asked) {
            assertThat(generation.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
        }
        assertThat(String.join("", pieces)).isEqualTo("hellohellohellohello");
    }

    @Test
    void aPromptThatLooksLikeACommandOrAnEscapeIsAQuestionLikeAnyOther() {
        for (var prompt : new String[] {"/read /etc/passwd", "a\\nb", "two\nlines\n> and a third\n"}) {
            assertThat(ask(atZero(prompt)).result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
        }
        assertThat(String.join("", pieces)).isNotEmpty().doesNotContain("root:");
    }

    @Test
    void aPromptThatDoesNotFitIsToldByItsCount() {
        assertThatThrownBy(
                        () -> ask(atZero("word ".repeat(900))).result().await().atMost(LIMIT))
                .isInstanceOfSatisfying(PromptTooLong.class, tooLong -> {
                    assertThat(tooLong.tokens()).isGreaterThan(512);
                    assertThat(tooLong.limit()).isBetween(500L, 512L);
                });
        assertThat(pieces).isEmpty();
    }

    @Test
    void whatIsNotInTheListOfParametersIsRefusedByItsName() {
        var body = atZero("Say hello").body().deepCopy().put("log_file", "/tmp/x");
        var far = atZero("Say hello").body().deepCopy().put("top_p", 7);
        var talk = JsonNodeFactory.instance.objectNode();
        talk.putArray("messages").addObject().put("role", "assistant").put("content", "x");

        for (var wrong : new Object[][] {
            {body, "log_file"}, {far, "top_p must be a number from 0 to 1"}, {talk, "one question of a user"}
        }) {
            var request = new GenerationRequest(Operation.CHAT, (ObjectNode) wrong[0], "tester");
            assertThatThrownBy(() -> ask(request).result().await().atMost(LIMIT))
                    .isInstanceOf(InvalidRequest.class)
                    .hasMessageContaining((String) wrong[1]);
        }
    }

    @Test
    void vectorsAreRefusedAsWhatTheyAre() {
        var body = JsonNodeFactory.instance.objectNode().put("input", "a");

        assertThatThrownBy(() -> ask(new GenerationRequest(Operation.EMBEDDINGS, body, "tester"))
                        .result()
                        .await()
                        .atMost(LIMIT))
                .isInstanceOf(InvalidRequest.class)
                .hasMessageContaining("embeddings cannot be made");
    }

    @Test
    void whoWaitsForTheOneThatRunsHearsItsPlaceAndIsCounted() {
        var over = new CountDownLatch(1);
        var first = held(over);
        var waits = new CopyOnWriteArrayList<EngineProgress>();

        var second = pool.serve(LlamaForTests.model()).generate(atZero("Say hello"), LIMIT, new GenerationListener() {
            @Override
            public void heard(GenerationEvent event) {}

            @Override
            public void waits(EngineProgress progress) {
                waits.add(progress);
            }
        });

        await().until(() -> waits.contains(new EngineProgress.Queued(1)));
        assertThat(pool.load().waiting()).isOne();
        assertThat(pool.load().busySlots()).isOne();
        assertThat(pool.load().memoryBytes())
                .isEqualTo(LlamaForTests.model().memory().bytes());
        assertThat(pool.status().await().atMost(LIMIT)).singleElement().satisfies(status -> {
            assertThat(status.model()).isEqualTo(LlamaForTests.model().id());
            assertThat(status.state()).isInstanceOf(EngineStatus.State.Ready.class);
            assertThat(status.waiting()).isOne();
        });
        over.countDown();
        assertThat(first.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
        assertThat(second.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
        await().untilAsserted(() -> assertThat(pool.load().busySlots()).isZero());
        assertThat(pool.load().waiting()).isZero();
        assertThat(pool.status().await().atMost(LIMIT)).isEmpty();
    }

    @Test
    void theTimeOfARequestRunsWhileItWaitsForItsTurn() {
        var over = new CountDownLatch(1);
        var first = held(over);
        var limit = Duration.ofMillis(300);

        var second = pool.serve(LlamaForTests.model()).generate(atZero("Say hello"), limit, _ -> {});

        assertThat(second.result().await().atMost(LIMIT)).isEqualTo(new GenerationResult.TimedOut(limit));
        assertThat(pool.load().waiting()).isZero();
        over.countDown();
        assertThat(first.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
    }

    @Test
    void anAgentLeavesAQuarterOfTheQueueToOthersAndIsToldByWhatIsRefused() {
        var over = new CountDownLatch(1);
        try (var narrow = new LlamaServerPool(settings().withSlots(1, 4), FENCE)) {
            var model = narrow.serve(LlamaForTests.model());
            var first = held(narrow, over);
            var waiting = IntStream.range(0, 3)
                    .mapToObj(_ -> model.generate(atZero("Say hello"), LIMIT, _ -> {}))
                    .toList();
            await().until(() -> narrow.load().waiting() == 3);

            assertThatThrownBy(() -> model.generate(atZero("Say hello"), LIMIT, _ -> {})
                            .result()
                            .await()
                            .atMost(LIMIT))
                    .isInstanceOf(Saturated.class)
                    .hasMessageContaining("3 of them of the same agent")
                    .hasMessageContaining("ringfence.engines.queue");
            var other = model.generate(
                    new GenerationRequest(Operation.CHAT, atZero("Say hello").body(), "other"), LIMIT, _ -> {});
            await().until(() -> narrow.load().waiting() == 4);

            waiting.forEach(Generation::cancel);
            over.countDown();
            assertThat(first.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
            assertThat(other.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
        }
    }

    /** A request that is being answered, until the latch is opened. */
    private Generation held(CountDownLatch over) {
        return held(pool, over);
    }

    private static Generation held(LlamaServerPool pool, CountDownLatch over) {
        var begun = new CountDownLatch(1);
        var generation = pool.serve(LlamaForTests.model()).generate(atZero("Say hello"), LIMIT, _ -> {
            begun.countDown();
            try {
                over.await();
            } catch (InterruptedException e) {
                // The answer is no longer wanted.
            }
        });
        await().until(() -> begun.getCount() == 0);
        return generation;
    }

    @Test
    void aCancelledRequestLeavesNothingBehind() {
        var generation = pool.serve(LlamaForTests.model()).generate(atZero("Count to 100"), LIMIT, event -> {});

        generation.cancel();

        assertThat(generation.result().await().atMost(Duration.ofMinutes(2)))
                .isInstanceOf(GenerationResult.Cancelled.class);
    }

    private Generation ask(GenerationRequest request) {
        return pool.serve(LlamaForTests.model()).generate(request, LIMIT, event -> {
            if (event instanceof Delta delta) {
                pieces.add(delta.text());
            }
        });
    }
}
