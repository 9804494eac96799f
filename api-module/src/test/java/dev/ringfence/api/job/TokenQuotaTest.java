package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.wal.journal.JobEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenQuotaTest {
    private static final Catalog QUOTA = Catalog.parse("[agents.anonymous]\ntokens_per_day = 100\n", "test");

    @TempDir
    Path directory;

    private static ObjectNode answer(int in, int out) {
        return JsonNodeFactory.instance.objectNode().put("input_tokens", in).put("output_tokens", out);
    }

    private static Probe asking(ObjectNode answer) {
        return Probe.of(work -> {
                    work.outcome.complete(new Outcome.Completed(answer));
                    return work;
                })
                .usingTokens();
    }

    private Pipeline pipeline(Probe probe) {
        return Pipeline.open(directory, Pipeline.settings(1, 50), probe, QUOTA);
    }

    private static void assertExhausted(Pipeline pipeline, long used) {
        assertThatThrownBy(pipeline::submit)
                .isInstanceOfSatisfying(AdmissionException.TooMany.class, refused -> {
                    assertThat(refused.slug()).isEqualTo("tokens-exhausted");
                    assertThat(refused.retryAfter().orElseThrow())
                            .isBetween(Duration.ofHours(23), Duration.ofHours(25));
                })
                .hasMessageContaining("has used " + used + " tokens")
                .hasMessageContaining("agents.anonymous.tokens_per_day");
    }

    @Test
    void whoHasUsedUpItsTokensIsRefusedAlsoAfterARestart() {
        try (var pipeline = pipeline(asking(answer(40, 20)))) {
            for (int i = 0; i < 2; i++) {
                pipeline.end(pipeline.submit());
                await().until(() -> pipeline.jobs.live() == 0);
            }
            assertExhausted(pipeline, 120);
        }
        try (var pipeline = pipeline(asking(answer(40, 20)))) {
            assertExhausted(pipeline, 120);
        }
    }

    /** The ends of everybody's jobs waited until that one's were read. */
    @Test
    void anAgentWhoseJobsAreBeingReadHoldsUpTheEndsOfNoOthers() throws InterruptedException {
        var two =
                Catalog.parse("[agents.anonymous]\ntokens_per_day = 100\n[agents.other]\ntokens_per_day = 100", "test");
        var probe = asking(answer(40, 20));
        var reading = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 50), probe, two)) {
            var end = pipeline.end(pipeline.submit());
            var quota = new TokenQuota(pipeline.journal, Capabilities.of(List.of(probe)), new FixedTerms(two), () -> {
                if (Thread.currentThread().getName().equals("slow reader")) {
                    reading.countDown();
                    await().forever().until(() -> goOn.getCount() == 0);
                }
                return Instant.now();
            });
            assertThat(quota.exhausted("anonymous", probe)).isEmpty();
            var reader = Thread.ofPlatform().name("slow reader").start(() -> quota.exhausted("other", probe));
            assertThat(reading.await(2, TimeUnit.MINUTES)).isTrue();

            assertThat(CompletableFuture.runAsync(() -> quota.ended(end))).succeedsWithin(Duration.ofMinutes(2));

            goOn.countDown();
            reader.join();
        } finally {
            goOn.countDown();
        }
    }

    /** A clock that was a year ahead locked an agent out for a year, also after each restart. */
    @Test
    void whatAClockThatWasAheadWroteDownCountsForADayFromNowOn() {
        var ahead = Instant.now().plus(Duration.ofDays(365));
        var probe = asking(answer(60, 60));
        try (var pipeline = pipeline(probe)) {
            append(pipeline, "ahead", ahead, answer(60, 60));

            var quota = new TokenQuota(
                    pipeline.journal, Capabilities.of(List.of(probe)), new FixedTerms(QUOTA), InstantSource.system());
            assertThat(quota.exhausted("anonymous", probe))
                    .get()
                    .satisfies(refused ->
                            assertThat(refused.retryAfter()).isBetween(Duration.ofHours(23), Duration.ofHours(25)));

            var clock = new AtomicReference<>(ahead);
            var living = new TokenQuota(
                    pipeline.journal, Capabilities.of(List.of(probe)), new FixedTerms(QUOTA), clock::get);
            assertThat(living.exhausted("anonymous", probe)).isPresent();
            clock.set(Instant.now());
            assertThat(living.exhausted("anonymous", probe))
                    .get()
                    .satisfies(refused -> assertThat(refused.retryAfter()).isLessThan(Duration.ofHours(25)));
            clock.set(Instant.now().plus(Duration.ofHours(25)));
            assertThat(living.exhausted("anonymous", probe)).isEmpty();
        }
    }

    /** One job from before the network had put the clock right hid all use before it. */
    @Test
    void oneJobWithATimeOfLongAgoHidesNothingThatWasUsedBeforeIt() {
        var probe = asking(answer(60, 60));
        try (var pipeline = pipeline(probe)) {
            append(pipeline, "used", Instant.now(), answer(60, 60));
            append(pipeline, "early", Instant.EPOCH, answer(1, 1));

            var quota = new TokenQuota(
                    pipeline.journal, Capabilities.of(List.of(probe)), new FixedTerms(QUOTA), InstantSource.system());
            assertThat(quota.exhausted("anonymous", probe)).isPresent();
        }
    }

    /** What had passed out of the day by a clock that was wrong for a moment was forgotten until a restart. */
    @Test
    void aClockThatIsAheadForAMomentFreesNobodyOnceItIsPutRight() {
        var now = Instant.now();
        var probe = asking(answer(60, 60));
        try (var pipeline = pipeline(probe)) {
            append(pipeline, "job", now.minus(Duration.ofHours(2)), answer(60, 60));
            var clock = new AtomicReference<>(now);
            var quota = new TokenQuota(
                    pipeline.journal, Capabilities.of(List.of(probe)), new FixedTerms(QUOTA), clock::get);

            for (var ahead : List.of(Duration.ofMinutes(22 * 60 + 30), Duration.ofHours(25), Duration.ofDays(400))) {
                assertThat(quota.exhausted("anonymous", probe)).isPresent();
                clock.set(now.plus(ahead));
                assertThat(quota.exhausted("anonymous", probe)).isEmpty();
                clock.set(now);
            }

            assertThat(quota.exhausted("anonymous", probe))
                    .get()
                    .satisfies(refused ->
                            assertThat(refused.retryAfter()).isBetween(Duration.ofHours(21), Duration.ofHours(23)));
        }
    }

    /** As it was read first, the journal was read for a day that was none. */
    @Test
    void whatWasReadWhileTheClockWasAheadIsReadAgain() {
        var now = Instant.now();
        var probe = asking(answer(60, 60));
        try (var pipeline = pipeline(probe)) {
            append(pipeline, "job", now.minus(Duration.ofHours(2)), answer(60, 60));
            var clock = new AtomicReference<>(now.plus(Duration.ofDays(2)));
            var quota = new TokenQuota(
                    pipeline.journal, Capabilities.of(List.of(probe)), new FixedTerms(QUOTA), clock::get);
            assertThat(quota.exhausted("anonymous", probe)).isEmpty();

            clock.set(now);

            assertThat(quota.exhausted("anonymous", probe)).isPresent();
        }
    }

    private static void append(Pipeline pipeline, String id, Instant at, ObjectNode answer) {
        var submitted = new JobEvent.Submitted(
                id,
                at,
                "anonymous",
                "Probe",
                JsonNodeFactory.instance.objectNode(),
                "default",
                Duration.ofSeconds(1),
                null);
        pipeline.journal
                .append(List.of(submitted, new JobEvent.Started(id, at), new JobEvent.Completed(id, at, answer)))
                .await()
                .atMost(Duration.ofMinutes(2));
    }

    @Test
    void whatAsksNoModelIsNotRefused() {
        try (var pipeline = pipeline(asking(answer(100, 0)))) {
            pipeline.end(pipeline.submit());
            await().until(() -> pipeline.jobs.live() == 0);
        }
        try (var pipeline = pipeline(Probe.done())) {
            assertThat(pipeline.end(pipeline.submit()).state()).isEqualTo(JobView.State.COMPLETED);
        }
    }

    @Test
    void aJobThatWaitedUntilTheTokensWereUsedUpDoesNotBegin() {
        var probe = Probe.heldByTheTest().usingTokens();
        try (var pipeline = pipeline(probe)) {
            var first = pipeline.submit();
            var second = pipeline.submit();
            probe.started(first.id()).outcome.complete(new Outcome.Completed(answer(60, 60)));

            var end = pipeline.end(second);

            assertThat(end.error())
                    .isNotNull()
                    .satisfies(error -> assertThat(error.type()).isEqualTo("tokens-exhausted"));
            assertThat(probe.starts).hasValue(1);
        }
    }

    @Test
    void anAnswerWhoseServiceDoesNotCountCostsWhatItsLengthSuggestsAndARehearsalNothing() {
        var answers = new ArrayDeque<>(List.of(
                // A rehearsal completes without an answer's end.
                Probe.data("z".repeat(4_000)), Probe.data("x".repeat(400)).put("finish_reason", "stop")));
        var probe = Probe.of(work -> {
                    work.outcome.complete(new Outcome.Completed(answers.remove()));
                    return work;
                })
                .usingTokens();
        var arguments = JsonNodeFactory.instance.objectNode();
        var tokens = arguments.putArray("prompt");
        IntStream.range(0, 70).forEach(tokens::add);
        try (var pipeline = pipeline(probe)) {
            for (int i = 0; i < 2; i++) {
                pipeline.end(pipeline.submit(null, arguments));
                await().until(() -> pipeline.jobs.live() == 0);
            }
            assertExhausted(pipeline, 170);
        }
    }

    @Test
    void anAnswerThatIsBrokenOffByAFailureCostsTheSameAndAFailureWithoutOneNothing() {
        var failures = new ArrayDeque<>(List.of(
                new Outcome.Failed("model-load-failed", "no room", Probe.data("")),
                new Outcome.Failed("engine-misbehaved", "no reason", Probe.data("x".repeat(400)))));
        var probe = Probe.of(work -> {
                    work.outcome.complete(failures.remove());
                    return work;
                })
                .usingTokens();
        var arguments = JsonNodeFactory.instance.objectNode().put("prompt", "p".repeat(80));
        try (var pipeline = pipeline(probe)) {
            for (int i = 0; i < 2; i++) {
                pipeline.end(pipeline.submit(null, arguments));
                await().until(() -> pipeline.jobs.live() == 0);
            }
            assertExhausted(pipeline, 120);
        }
    }

    @Test
    void vectorsThatWereComputedAndNotTakenCostWhatTheirTextsDo() {
        var probe = Probe.of(work -> {
                    work.outcome.complete(new Outcome.Failed("too-many-vectors", "no room", Probe.data("")));
                    return work;
                })
                .usingTokens();
        try (var pipeline = pipeline(probe)) {
            pipeline.end(
                    pipeline.submit(null, JsonNodeFactory.instance.objectNode().put("input", "p".repeat(480))));
            await().until(() -> pipeline.jobs.live() == 0);
            assertExhausted(pipeline, 120);
        }
    }

    @Test
    void aCountThatCannotBeIsNoneAndDoesNotLockAnybodyOut() {
        var untrue = Probe.data("x".repeat(400))
                .put("finish_reason", "stop")
                .put("input_tokens", Long.MAX_VALUE)
                .put("output_tokens", Long.MAX_VALUE);
        try (var pipeline = pipeline(asking(untrue))) {
            pipeline.end(
                    pipeline.submit(null, JsonNodeFactory.instance.objectNode().put("prompt", "p".repeat(80))));
            await().until(() -> pipeline.jobs.live() == 0);
            assertExhausted(pipeline, 120);
        }
    }

    @Test
    void anAnswerThatIsBrokenOffCostsWhatItsLengthSuggests() {
        var probe = Probe.of(work -> {
                    var answer = Probe.data("x".repeat(400));
                    answer.putArray("tool_calls").addObject().put("arguments", "y".repeat(400));
                    // What the service says of it costs nothing.
                    answer.putObject("fence").put("tier", "z".repeat(4_000));
                    work.outcome.complete(new Outcome.Cancelled(answer));
                    return work;
                })
                .usingTokens();
        try (var pipeline = pipeline(probe)) {
            pipeline.end(pipeline.submit());
            await().until(() -> pipeline.jobs.live() == 0);
            assertExhausted(pipeline, 200);
        }
    }
}
