package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.atZero;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.runner.engine.EngineException.TooLarge;
import dev.ringfence.runner.engine.EngineStatus.State;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.process.OutputListener;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Real engines of models that do not fit into memory together. */
class ModelSwitchTest {
    private static final long MEGABYTE = 1 << 20;
    private static final int ROUNDS = 6;
    private static final HostFences FENCE = LlamaForTests.fence();

    private final List<String> startedFor = new CopyOnWriteArrayList<>();
    private final List<LlamaServerPool> pools = new ArrayList<>();

    @AfterEach
    void close() {
        pools.forEach(LlamaServerPool::close);
    }

    @AfterAll
    static void closeFence() {
        FENCE.close();
    }

    @Test
    void conversationsWithModelsThatDoNotFitTogetherAreAllAnsweredAndNoAnswerIsCutShort() throws Exception {
        // Given
        var pool = pool(300);
        var one = model("one", 200, null);
        var two = model("two", 200, null);

        // When
        var answers = new ArrayList<Future<List<Answered>>>();
        try (var agents = Executors.newVirtualThreadPerTaskExecutor()) {
            answers.add(agents.submit(conversation(pool, one, 8)));
            answers.add(agents.submit(conversation(pool, two, 8)));
            answers.add(agents.submit(conversation(pool, one, 8)));
        }

        // Then
        for (var answer : answers) {
            assertThat(answer.get()).hasSize(8).allSatisfy(answered -> {
                assertThat(answered.finishReason()).isEqualTo("stop");
                assertThat(answered.outputTokens()).isGreaterThan(200);
            });
        }
        assertThat(startedFor.stream().filter("two"::equals)).isNotEmpty();
        assertThat(startedFor.stream().filter("one"::equals).count()).isGreaterThan(1);
        assertThat(pool.load().memoryBytes()).isLessThanOrEqualTo(300 * MEGABYTE);
    }

    /** Nobody is starved: when one agent has all its answers, the other has half of its own at least. */
    @Test
    void twoAgentsThatTakeTurnsWithTwoModelsThatDoNotFitTogetherGetAllTheirAnswersAndNeitherWaitsForTheEndOfTheOther()
            throws Exception {
        // Given
        var pool = pool(300);
        var one = model("one", 200, null);
        var two = model("two", 200, null);
        var answered = new CopyOnWriteArrayList<String>();

        // When
        var answers = new ArrayList<Future<List<Answered>>>();
        try (var agents = Executors.newVirtualThreadPerTaskExecutor()) {
            answers.add(agents.submit(() -> turns(pool, "ann", List.of(one, two), answered)));
            answers.add(agents.submit(() -> turns(pool, "ben", List.of(two, one), answered)));
        }

        // Then
        for (var answer : answers) {
            assertThat(answer.get()).hasSize(ROUNDS).allSatisfy(whole -> {
                assertThat(whole.finishReason()).isEqualTo("stop");
                assertThat(whole.outputTokens()).isGreaterThan(200);
            });
        }
        var slower = answered.getLast();
        var after = answered.reversed().stream().takeWhile(slower::equals).count();
        assertThat(after).as(answered.toString()).isLessThanOrEqualTo(ROUNDS / 2);
        assertThat(startedFor.stream().filter("one"::equals).count()).isGreaterThan(1);
        assertThat(startedFor.stream().filter("two"::equals).count()).isGreaterThan(1);
    }

    private static List<Answered> turns(
            LlamaServerPool pool, String agent, List<LocalModel> models, List<String> answered) {
        var answers = new ArrayList<Answered>();
        for (int i = 0; i < ROUNDS; i++) {
            var generation = pool.serve(models.get(i % 2)).generate(atZero("Count to 100", agent), LIMIT, _ -> {});
            answers.add((Answered) generation.result().await().atMost(LIMIT));
            answered.add(agent);
        }
        return answers;
    }

    @Test
    void aRequestThatWaitsForTheMemoryOfABusyModelIsToldSoAndComesNext() {
        // Given
        var pool = pool(300);
        var one = pool.serve(model("one", 200, null));
        var two = pool.serve(model("two", 200, null));
        var progress = new CopyOnWriteArrayList<EngineProgress>();
        var heard = new CopyOnWriteArrayList<GenerationEvent>();
        var first = one.generate(atZero("Count to 100"), LIMIT, heard::add);
        await().until(() -> !heard.isEmpty());

        // When
        var second = two.generate(atZero("Say hello"), LIMIT, new GenerationListener() {
            @Override
            public void heard(GenerationEvent event) {}

            @Override
            public void waits(EngineProgress why) {
                progress.add(why);
            }
        });
        var answered = (Answered) second.result().await().atMost(LIMIT);

        // Then
        assertThat(((Answered) first.result().await().atMost(LIMIT)).finishReason())
                .isEqualTo("stop");
        assertThat(answered.finishReason()).isEqualTo("stop");
        assertThat(progress).startsWith(new EngineProgress.AwaitsMemory());
        assertThat(progress).last().isInstanceOf(EngineProgress.Loading.class);
        assertThat(startedFor).containsExactly("one", "two");
    }

    @Test
    void aModelThatCanNeverFitIsRefusedWithTheNumbersAndTheRemedy() {
        var pool = pool(300);

        var generation = pool.serve(model("huge", 301, null)).generate(atZero("Say hello"), LIMIT, _ -> {});

        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                .isInstanceOf(TooLarge.class)
                .hasMessageContaining("model huge needs 301 MB of memory, and engines may have 300 MB; raise"
                        + " ringfence.engines.memory-budget");
        assertThat(startedFor).isEmpty();
    }

    @Test
    void aPinnedModelIsUpBeforeAnybodyAsksAndComesBackWhenItsEngineIsKilled() {
        // Given
        var pool = new LlamaServerPool(
                LlamaForTests.settings().withMemoryBudget(300 * MEGABYTE).withIdleTime(Duration.ZERO), this::start);
        pools.add(pool);

        // When
        pool.use(Set.of(model("kept", 200, EnginePurpose.TEXT)));
        await().until(() -> readyPid(pool) != null);
        var first = Objects.requireNonNull(readyPid(pool));
        ProcessHandle.of(first).ifPresent(ModelSwitchTest::kill);

        // Then
        await().untilAsserted(() -> assertThat(readyPid(pool)).isNotNull().isNotEqualTo(first));
        assertThat(startedFor).containsExactly("kept", "kept");
    }

    @Test
    void modelsThatWentOutOfUseEndOnceTheyHaveAnswered() {
        // Given
        var pool = pool(1000);
        var old = model("old", 200, null);
        var heard = new CopyOnWriteArrayList<GenerationEvent>();
        var under = pool.serve(old).generate(atZero("Count to 100"), LIMIT, heard::add);
        await().until(() -> !heard.isEmpty());

        // When
        pool.use(Set.of(model("new", 200, null)));

        // Then
        assertThat(((Answered) under.result().await().atMost(LIMIT)).finishReason())
                .isEqualTo("stop");
        await().untilAsserted(
                        () -> assertThat(pool.status().await().atMost(LIMIT)).isEmpty());
        assertThat(pool.load().memoryBytes()).isZero();
    }

    private static void kill(ProcessHandle process) {
        process.destroyForcibly();
    }

    private static @Nullable Long readyPid(LlamaServerPool pool) {
        return pool.status().await().atMost(LIMIT).stream()
                .flatMap(
                        status -> status.state() instanceof State.Ready ready ? Stream.of(ready.pid()) : Stream.empty())
                .findFirst()
                .orElse(null);
    }

    private static Callable<List<Answered>> conversation(LlamaServerPool pool, LocalModel model, int questions) {
        return () -> {
            var answers = new ArrayList<Answered>();
            for (int i = 0; i < questions; i++) {
                var generation = pool.serve(model).generate(atZero("Count to 100"), LIMIT, _ -> {});
                answers.add((Answered) generation.result().await().indefinitely());
            }
            return answers;
        };
    }

    @Test
    void aPinnedModelThatCannotComeUpIsShownAsFailedWithTheReasonUntilItCan() {
        // Given
        var pool = pool(400);
        var first = model("first", 200, EnginePurpose.TEXT);
        var second = model("second", 257, EnginePurpose.TEXT);
        var wrong = new LocalModel(
                "wrong",
                LlamaForTests.modelFile(),
                "0".repeat(64),
                LlamaForTests.profile(),
                DataSize.ofMegabytes(10),
                null,
                null,
                EnginePurpose.TEXT);

        // When
        pool.use(Set.of(first, second, wrong));

        // Then
        await().until(() -> pool.load().failed() == 2);
        var failed = failures(pool);
        assertThat(failed).hasSize(2);
        assertThat(failed)
                .hasEntrySatisfying("wrong", state -> assertThat(state.reason()).contains("SHA-256"));
        assertThat(failed).hasEntrySatisfying(failed.containsKey("second") ? "second" : "first", state -> {
            assertThat(state.reason()).contains("beside the pinned ones", "ringfence.engines.memory-budget");
            assertThat(state.retryAt()).isAfter(Instant.now().minusSeconds(60));
        });

        // When
        pool.use(Set.of(failed.containsKey("second") ? second : first));

        // Then
        await().until(() -> failures(pool).isEmpty() && pool.load().ready() == 1);
    }

    private static Map<String, State.Failed> failures(LlamaServerPool pool) {
        return pool.status().await().atMost(LIMIT).stream()
                .filter(status -> status.state() instanceof State.Failed)
                .collect(Collectors.toMap(EngineStatus::model, status -> (State.Failed) status.state()));
    }

    private static LocalModel model(String id, long megabytes, @Nullable EnginePurpose pinned) {
        return new LocalModel(
                id,
                LlamaForTests.modelFile(),
                null,
                LlamaForTests.profile(),
                DataSize.ofMegabytes(megabytes),
                null,
                null,
                pinned);
    }

    private LlamaServerPool pool(long megabytes) {
        var pool = new LlamaServerPool(LlamaForTests.settings().withMemoryBudget(megabytes * MEGABYTE), this::start);
        pools.add(pool);
        return pool;
    }

    private FencedProcess start(FencedCommand command, OutputListener listener) {
        startedFor.add(command.name().split("-", -1)[1]);
        return FENCE.start(command, listener);
    }
}
