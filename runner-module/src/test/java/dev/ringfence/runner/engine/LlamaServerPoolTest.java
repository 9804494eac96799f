package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.ask;
import static dev.ringfence.runner.engine.Asking.atZero;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.runner.engine.EngineException.ChecksumMismatch;
import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineException.Crashed;
import dev.ringfence.runner.engine.EngineException.EngineMissing;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.LoadFailed;
import dev.ringfence.runner.engine.EngineException.ModelFileInvalid;
import dev.ringfence.runner.engine.EngineException.ModelFileMissing;
import dev.ringfence.runner.engine.EngineException.PromptTooLong;
import dev.ringfence.runner.engine.EngineStatus.State;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.Stream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A real llama-server in a real fence, of every tier. */
@ParameterizedClass
@EnumSource(FenceTier.class)
class LlamaServerPoolTest {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final HostFences fence;
    private final List<FencedProcess> started = new CopyOnWriteArrayList<>();
    private final List<String> logged = new CopyOnWriteArrayList<>();
    private final List<LlamaServerPool> pools = new ArrayList<>();

    @TempDir
    Path directory;

    LlamaServerPoolTest(FenceTier tier) {
        fence = LlamaForTests.fence(Optional.of(tier));
    }

    @AfterEach
    void close() {
        pools.forEach(LlamaServerPool::close);
        fence.close();
    }

    @Test
    void theAnswerArrivesInPiecesAndWithTheEnginesOwnCounts() {
        // Given
        var pool = pool(LlamaForTests.settings());
        var pieces = new CopyOnWriteArrayList<String>();

        // When
        var spoken = answer(pool, "Say hello", pieces::add);
        var answer = spoken.counts();

        // Then
        assertThat(spoken.text()).isEqualTo("hello");
        assertThat(pieces).hasSizeGreaterThan(1);
        assertThat(String.join("", pieces)).isEqualTo("hello");
        assertThat(answer.finishReason()).isEqualTo("stop");
        assertThat(answer.inputTokens()).isEqualTo(12);
        assertThat(answer.outputTokens()).isEqualTo(4);
        assertThat(answer.timeToFirstToken()).isNotNull().isPositive().isLessThanOrEqualTo(answer.elapsed());
        assertThat(answer.waited()).isPositive().isLessThanOrEqualTo(answer.timeToFirstToken());
        assertThat(answer.tokensPerSecond()).isNotNull().isPositive();
    }

    /** The engine took it for the beginning of its answer, and wrote on from "hel". */
    @Test
    void aMessageOfTheAssistantAtTheEndIsAnsweredAndNotContinued() {
        var request = Asking.atZero("Say hello");
        request.body()
                .withArray("messages")
                .addObject()
                .put("role", "assistant")
                .put("content", "hel");
        var text = new StringBuilder();
        var pool = pool(LlamaForTests.settings());

        Asking.ask(pool, LlamaForTests.model(), request, LIMIT, text::append)
                .result()
                .await()
                .atMost(LIMIT);

        assertThat(text).hasToString("hello");
    }

    @Test
    void anAnswerEndsAtTheGivenLengthAndSaysSo() {
        // Given
        var pool = pool(LlamaForTests.settings());
        var request = atZero("Count to 100");
        request.body().put("max_tokens", 7).put("top_p", 0.9).put("seed", 42);

        // When
        var result = ask(pool, LlamaForTests.model(), request, LIMIT, LlamaServerPoolTest::ignore)
                .result()
                .await()
                .atMost(LIMIT);

        // Then
        assertThat(result).isInstanceOfSatisfying(Answered.class, answer -> {
            assertThat(answer.finishReason()).isEqualTo("length");
            assertThat(answer.outputTokens()).isEqualTo(7);
        });
    }

    @Test
    void requestsThatComeTogetherLoadTheModelOnce() {
        // Given
        var pool = pool(LlamaForTests.settings());
        var model = LlamaForTests.model();

        // When
        var generations = new ArrayList<Generation>();
        var texts = new CopyOnWriteArrayList<String>();
        for (int i = 0; i < 6; i++) {
            generations.add(ask(pool, model, atZero("Say hello"), LIMIT, texts::add));
        }

        // Then
        for (var generation : generations) {
            assertThat(generation.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
        }
        assertThat(texts).hasSize(6 * 3).containsOnly("he", "ll", "o");
        assertThat(started).hasSize(1);
    }

    @Test
    void cancellingClosesTheAnswerAndFreesTheSlotInTheEngine() {
        // Given
        var pool = pool(LlamaForTests.settings());
        var pieces = new CopyOnWriteArrayList<String>();
        var whole = answer(pool, "Count to 100", LlamaServerPoolTest::ignore);
        var under = new CompletableFuture<Generation>();

        // When
        under.complete(ask(pool, LlamaForTests.model(), atZero("Count to 100"), LIMIT, piece -> {
            pieces.add(piece);
            under.join().cancel();
        }));
        var result = under.join().result().await().atMost(LIMIT);

        // Then
        assertThat(result).isInstanceOf(GenerationResult.Cancelled.class);
        assertThat((long) pieces.size())
                .isLessThan(Objects.requireNonNull(whole.counts().outputTokens()) / 2);
        assertThat(stateOf(pool)).isEqualTo(new State.Ready(started.getFirst().pid(), 4, 0));
    }

    @Test
    void aRequestThatIsCancelledWhileTheModelLoadsLeavesTheEngineToTheNext() {
        // Given
        var pool = pool(LlamaForTests.settings());

        // When
        var generation = ask(pool, LlamaForTests.model(), atZero("Say hello"), LIMIT, LlamaServerPoolTest::ignore);
        generation.cancel();

        // Then
        assertThat(generation.result().await().atMost(LIMIT)).isInstanceOf(GenerationResult.Cancelled.class);
        assertThat(answer(pool, "Say hello", LlamaServerPoolTest::ignore).text())
                .isEqualTo("hello");
        assertThat(started).hasSizeLessThan(2);
    }

    @Test
    void anAnswerThatIsNotThereByTheDeadlineTimesOutAndTheEngineLivesOn() throws Exception {
        // Given
        var pool = pool(LlamaForTests.settings());
        answer(pool, "Say hello", LlamaServerPoolTest::ignore);
        signal("STOP", engineProcess());

        // When
        var limit = Duration.ofMillis(100);
        var result = ask(pool, LlamaForTests.model(), atZero("Count to 100"), limit, LlamaServerPoolTest::ignore)
                .result()
                .await()
                .atMost(LIMIT);
        var frozen = stateOf(pool);
        signal("CONT", engineProcess());

        // Then
        assertThat(result).isEqualTo(new GenerationResult.TimedOut(limit));
        assertThat(frozen).isInstanceOf(State.Ready.class);
        assertThat(answer(pool, "Say hello", LlamaServerPoolTest::ignore).text())
                .isEqualTo("hello");
        assertThat(started).hasSize(1);
    }

    @Test
    void anEngineThatIsKilledInTheMiddleOfAnAnswerIsReportedAndStartedAnew() {
        // Given
        var pool = pool(LlamaForTests.settings());
        answer(pool, "Say hello", LlamaServerPoolTest::ignore);
        var engine = engineProcess();

        // When
        var generation = ask(pool, LlamaForTests.model(), atZero("Count to 100"), LIMIT, piece -> kill(engine));

        // Then
        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                .isInstanceOf(Crashed.class)
                .hasMessageContaining("ringfence-tiny")
                .hasMessageContaining("signal 9");
        assertThat(answer(pool, "Say hello", LlamaServerPoolTest::ignore).text())
                .isEqualTo("hello");
        assertThat(started).hasSize(2);
    }

    @Test
    void whatAnEngineLoggedOfOneAgentIsNotToldToAnotherWhenItCrashes() {
        // Given
        var pool = pool(LlamaForTests.settings());
        var refused = atZero("Say hello");
        refused.body()
                .putObject("response_format")
                .put("type", "json_schema")
                .putObject("json_schema")
                .putObject("schema")
                .put("$ref", "#/ALICE_SECRET");
        var alice = new GenerationRequest(refused.operation(), refused.body(), "alice");
        assertThatThrownBy(() -> ask(pool, LlamaForTests.model(), alice, LIMIT, LlamaServerPoolTest::ignore)
                        .result()
                        .await()
                        .atMost(LIMIT))
                .isInstanceOf(InvalidRequest.class);
        await().untilAsserted(() -> assertThat(String.join("", logged)).contains("ALICE_SECRET"));

        // When
        var engine = engineProcess();
        var bob =
                new GenerationRequest(alice.operation(), atZero("Count to 100").body(), "bob");
        var generation = ask(pool, LlamaForTests.model(), bob, LIMIT, piece -> kill(engine));

        // Then
        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                .isInstanceOfSatisfying(
                        Crashed.class, crash -> assertThat(crash.log()).isEmpty())
                .hasMessageNotContaining("ALICE_SECRET");
        assertThat(stateOf(pool))
                .isInstanceOfSatisfying(
                        State.Failed.class,
                        failed -> assertThat(failed.reason()).doesNotContain("ALICE_SECRET"));
    }

    @Test
    void anEngineThatNobodyAsksIsStoppedAndTheNextRequestStartsItAnew() {
        // Given
        var pool = pool(LlamaForTests.settings().withIdleTime(Duration.ofMillis(50)));
        answer(pool, "Say hello", LlamaServerPoolTest::ignore);

        // Then
        await().until(() -> stateOf(pool) instanceof State.Cold);
        assertGone(started.getFirst());
        assertThat(answer(pool, "Say hello", LlamaServerPoolTest::ignore).text())
                .isEqualTo("hello");
    }

    @Test
    void aPromptThatDoesNotFitIsRefusedWithItsLengthAndTheLimit() {
        // Given
        var pool = pool(LlamaForTests.settings());
        var request = atZero("hello ".repeat(600));

        // When
        var generation = ask(pool, LlamaForTests.model(), request, LIMIT, LlamaServerPoolTest::ignore);

        // Then
        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                .isInstanceOfSatisfying(PromptTooLong.class, refusal -> {
                    assertThat(refusal.limit()).isEqualTo(512);
                    assertThat(refusal.tokens()).isGreaterThan(600);
                });
    }

    @Test
    void aPromptWithMoreWordsThanTheContextHoldsIsRefusedBeforeAnEngineStarts() {
        // Given
        var pool = pool(LlamaForTests.settings());
        var plain = LlamaForTests.model();
        var model = new LocalModel("small", plain.file(), null, plain.profile(), plain.memory(), 128, null, null);
        var tooLong = atZero("one two ".repeat(65));
        var fits = atZero("one two ".repeat(20));

        // When
        var refused = ask(pool, model, tooLong, LIMIT, LlamaServerPoolTest::ignore);

        // Then
        assertThatThrownBy(() -> refused.result().await().atMost(LIMIT))
                .isInstanceOf(PromptTooLong.class)
                .hasMessageContaining("at least 130 tokens")
                .hasMessageContaining("holds 128");
        assertThat(started).isEmpty();
        assertThat(ask(pool, model, fits, LIMIT, LlamaServerPoolTest::ignore)
                        .result()
                        .await()
                        .atMost(LIMIT))
                .isInstanceOf(GenerationResult.Answered.class);
    }

    @Test
    void aModelFileThatIsNotThereIsNamedAndNothingStarts() {
        // Given
        var pool = pool(LlamaForTests.settings());
        var missing = directory.resolve("missing.gguf");
        var model = LlamaForTests.model("gone", missing, LlamaForTests.profile());

        // When
        var generation = ask(pool, model, atZero("Say hello"), LIMIT, LlamaServerPoolTest::ignore);

        // Then
        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                .isInstanceOf(ModelFileMissing.class)
                .hasMessageContaining(missing.toString());
        assertThat(started).isEmpty();
    }

    @Test
    void aModelFileThatIsCutOffIsRefusedBeforeAnythingIsStarted() throws IOException {
        // Given
        var pool = pool(LlamaForTests.settings());
        var whole = Files.readAllBytes(LlamaForTests.modelFile());
        var cut = Files.write(directory.resolve("cut.gguf"), Arrays.copyOf(whole, whole.length / 2));
        var model = LlamaForTests.model("cut", cut, LlamaForTests.profile());

        // When
        var generation = ask(pool, model, atZero("Say hello"), LIMIT, LlamaServerPoolTest::ignore);

        // Then
        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                .isInstanceOf(ModelFileInvalid.class)
                .hasMessageContaining("cut.gguf, is no GGUF file that can be used: it is cut off");
        assertThat(started).isEmpty();
    }

    @Test
    void aModelThatTheEngineDoesNotKnowFailsToLoadWithTheEnginesOwnWords() throws IOException {
        // Given
        var pool = pool(LlamaForTests.settings());
        var bytes = Files.readAllBytes(LlamaForTests.modelFile());
        int name = new String(bytes, 0, 1000, StandardCharsets.ISO_8859_1).indexOf("llama");
        bytes[name + 4] = 'x';
        var unknown = Files.write(directory.resolve("unknown.gguf"), bytes);
        assertThat(directory.toFile().setExecutable(true, false)).isTrue();
        var model = LlamaForTests.model("unknown", unknown, LlamaForTests.profile());

        // When
        var generation = ask(pool, model, atZero("Say hello"), LIMIT, LlamaServerPoolTest::ignore);

        // Then
        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                .isInstanceOfSatisfying(
                        LoadFailed.class,
                        failure -> assertThat(failure.log()).contains("unknown model architecture: 'llamx'"));
        assertThat(stateOf(pool)).isInstanceOf(State.Failed.class);
        assertGone(started.getFirst());
    }

    @Test
    void aModelFileWithAnotherChecksumThanTheCatalogsIsNotUsedAndTheRightOneIs() throws Exception {
        // Given
        var pool = pool(LlamaForTests.settings());
        var file = LlamaForTests.modelFile();
        var digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        var right = HexFormat.of().formatHex(digest);
        var wrong = right.replaceFirst("^.", right.startsWith("0") ? "1" : "0");

        // When
        var refused = ask(pool, withChecksum(file, wrong), "Say hello", LlamaServerPoolTest::ignore);
        var answered = ask(pool, withChecksum(file, right), "Say hello", LlamaServerPoolTest::ignore);

        // Then
        assertThatThrownBy(() -> refused.result().await().atMost(LIMIT))
                .isInstanceOfSatisfying(ChecksumMismatch.class, mismatch -> {
                    assertThat(mismatch.expected()).isEqualTo(wrong);
                    assertThat(mismatch.actual()).isEqualTo(right);
                });
        assertThat(answered.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
        assertThat(started).hasSize(1);
    }

    private static LocalModel withChecksum(Path file, String sha256) {
        var profile = LlamaForTests.profile();
        return new LocalModel(
                "checked", file, sha256, profile, profile.resources().maxMemory(), null, null, null);
    }

    @Test
    void anEngineThatDoesNotComeUpInTimeIsGoneWhenTheRequestHearsOfIt() throws IOException {
        // Given
        var sleeper = directory.resolve("llama-server");
        Files.writeString(sleeper, "#!/bin/sh\necho waiting for nothing >&2\nexec sleep 1000\n");
        Files.setPosixFilePermissions(sleeper, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        var pool = pool(EngineSettings.defaults().withExecutable(sleeper).withLoadTimeout(Duration.ofMillis(300)));

        // When
        var generation = ask(
                pool,
                LlamaForTests.model("any", LlamaForTests.modelFile(), LlamaForTests.profile()),
                atZero("x"),
                LIMIT,
                LlamaServerPoolTest::ignore);

        // Then
        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT))
                .isInstanceOfSatisfying(
                        LoadFailed.class, failure -> assertThat(failure.log()).isEqualTo("waiting for nothing"));
        assertGone(started.getFirst());
    }

    @Test
    void aHostWithoutAnEngineIsToldWhereItWasLookedFor() {
        // Given
        var settings = EngineSettings.defaults().withPrefix(directory);

        // Then
        assertThatThrownBy(() -> LlamaInstallation.find(settings, "/usr/sbin"))
                .isInstanceOf(EngineMissing.class)
                .hasMessageContaining(directory.toString());
        assertThatThrownBy(() -> LlamaInstallation.find(
                        EngineSettings.defaults().withExecutable(directory.resolve("llama-server")), null))
                .isInstanceOf(EngineMissing.class)
                .hasMessageContaining("ringfence.llama-server is " + directory);
    }

    @Test
    void closingEndsTheEngineAndTellsWhoeverWaitsForIt() throws Exception {
        // Given
        var pool = pool(LlamaForTests.settings());
        answer(pool, "Say hello", LlamaServerPoolTest::ignore);
        signal("STOP", engineProcess());
        var generation = ask(pool, LlamaForTests.model(), atZero("Count to 100"), LIMIT, LlamaServerPoolTest::ignore);
        await().until(() -> stateOf(pool) instanceof State.Ready ready && ready.busySlots() == 1);

        // When
        pool.close();

        // Then
        assertThatThrownBy(() -> generation.result().await().atMost(LIMIT)).isInstanceOf(Closed.class);
        assertThatThrownBy(() -> answer(pool, "Say hello", LlamaServerPoolTest::ignore))
                .isInstanceOf(Closed.class);
        assertGone(started.getFirst());
    }

    private LlamaServerPool pool(EngineSettings settings) {
        var pool = new LlamaServerPool(settings, this::start);
        pools.add(pool);
        return pool;
    }

    private FencedProcess start(FencedCommand command, OutputListener listener) {
        var process = fence.start(command, new OutputListener() {
            @Override
            public void wrote(Stream stream, byte[] chunk) {
                logged.add(new String(chunk, StandardCharsets.UTF_8));
                listener.wrote(stream, chunk);
            }
        });
        started.add(process);
        return process;
    }

    private static void kill(ProcessHandle process) {
        process.destroyForcibly();
    }

    /** A zombie runs no more; when it is collected is up to the host's init. */
    private static void assertGone(FencedProcess process) {
        var status = Path.of("/proc", String.valueOf(process.pid()), "status");
        // The first process of a fence has closed everything a moment before the kernel shows its end.
        await().until(() -> !Files.exists(status) || isZombie(status));
    }

    private static boolean isZombie(Path status) {
        try {
            return Files.readString(status).contains("State:\tZ");
        } catch (IOException e) {
            return false; // Gone just now, which the next look shows.
        }
    }

    private static void ignore(String piece) {}

    private record Spoken(String text, Answered counts) {}

    private static Spoken answer(LlamaServerPool pool, String prompt, Consumer<String> listener) {
        var text = new StringBuilder();
        var result = ask(pool, LlamaForTests.model(), prompt, piece -> {
                    text.append(piece);
                    listener.accept(piece);
                })
                .result()
                .await()
                .atMost(LIMIT);
        assertThat(result).isInstanceOf(Answered.class);
        return new Spoken(text.toString(), (Answered) result);
    }

    private static State stateOf(LlamaServerPool pool) {
        return pool.status().await().atMost(LIMIT).getFirst().state();
    }

    /** The engine itself, which in namespaces is not the first process of its fence. */
    private ProcessHandle engineProcess() {
        return ProcessHandle.of(started.getLast().pid())
                .map(first -> first.descendants().findFirst().orElse(first))
                .orElseThrow();
    }

    private static void signal(String name, ProcessHandle process) throws IOException, InterruptedException {
        var kill = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid()).start();
        assertThat(kill.waitFor()).isZero();
    }
}
