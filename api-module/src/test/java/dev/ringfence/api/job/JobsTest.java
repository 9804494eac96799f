package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.capability.Execution;
import dev.ringfence.runner.capability.InvalidArguments;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.wal.journal.JobEvent;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobsTest {
    @TempDir
    Path directory;

    @Test
    void aSubmissionIsDurableWhenItIsAcknowledged() {
        try (var pipeline = Pipeline.open(directory, Probe.heldByTheTest())) {
            var job = pipeline.submit();

            assertThat(pipeline.journaled(job.id())).startsWith("submitted");
        }
    }

    @Test
    void theWorkBeginsOnlyWhenItsStartIsDurable() {
        var seen = new CompletableFuture<List<String>>();
        var probe = Probe.of(work -> {
            var types = new ArrayList<String>();
            dev.ringfence.wal.journal.Journal.read(
                    directory, 1, entry -> types.add(entry.event().type()));
            seen.complete(types);
            work.complete();
            return work;
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            pipeline.end(pipeline.submit());

            assertThat(seen.join()).containsExactly("submitted", "validated", "started");
        }
    }

    @Test
    void aJobThatFindsASlotIsSubmittedAndStartedByOneSync() {
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 5), Probe.heldByTheTest())) {
            pipeline.submit();
            await().untilAsserted(() -> assertThat(pipeline.syncs).containsExactly(3));

            pipeline.submit();
            await().untilAsserted(() -> assertThat(pipeline.syncs).containsExactly(3, 1));
        }
    }

    @Test
    void anEndIsDurableWhenItIsShown() {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var job = pipeline.submit();
            var end = pipeline.end(job);

            assertThat(end.state()).isEqualTo(JobView.State.COMPLETED);
            assertThat(given(end)).isEqualTo("done");
            assertThat(end.startedAt()).isNotNull();
            assertThat(end.endedAt()).isNotNull();
            assertThat(pipeline.journaled(job.id())).containsExactly("submitted", "validated", "started", "completed");
        }
    }

    @Test
    void argumentsThatBreakTheSchemaNeverStart() {
        var probe = Probe.done();
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job =
                    pipeline.submit(null, JsonNodeFactory.instance.objectNode().put("number", "seven"));
            var end = pipeline.end(job);

            assertThat(end.state()).isEqualTo(JobView.State.FAILED);
            assertThat(end.error()).isNotNull().satisfies(error -> {
                assertThat(error.type()).isEqualTo("invalid-arguments");
                assertThat(error.message()).contains("/number", "seven");
            });
            assertThat(probe.starts).hasValue(0);
            assertThat(pipeline.journaled(job.id())).containsExactly("submitted", "failed");
        }
    }

    @Test
    void argumentsThatTheCapabilityItselfRefusesEndTheJob() {
        var probe = Probe.of(work -> {
            throw new InvalidArguments(List.of("/number is too odd"));
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            var end = pipeline.end(pipeline.submit());

            assertThat(end.error()).isEqualTo(new JobEvent.Trouble("invalid-arguments", "/number is too odd"));
        }
    }

    @Test
    void aCapabilityThatThrowsFailsItsJobAndNoOther() {
        var probe = Probe.of(work -> {
            throw new IllegalStateException("a fault");
        });
        assertEachFailsInside(probe);
    }

    @Test
    void aCapabilityThatDiesOfAnErrorFailsItsJobAndNoOther() {
        var probe = Probe.of(work -> {
            throw new StackOverflowError("a fault");
        });
        assertEachFailsInside(probe);
    }

    @Test
    void anOutcomeThatFailsAgainstItsContractFailsItsJobAndNoOther() {
        var probe = Probe.of(work -> new Execution() {
            @Override
            public Uni<Outcome> outcome() {
                return Uni.createFrom().failure(new IllegalStateException("a fault"));
            }

            @Override
            public void cancel() {}
        });
        assertEachFailsInside(probe);
    }

    /** More than there are slots, so that a slot that is not given back shows. */
    private void assertEachFailsInside(Probe probe) {
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 5), probe)) {
            for (int i = 0; i < 3; i++) {
                var job = pipeline.submit();
                var end = pipeline.end(job);

                assertThat(end.state()).isEqualTo(JobView.State.FAILED);
                assertThat(end.error())
                        .isEqualTo(new JobEvent.Trouble("internal", "the service failed; its log says why"));
                assertThat(pipeline.journaled(job.id())).containsExactly("submitted", "validated", "started", "failed");
            }
            await().until(() -> pipeline.jobs.live() == 0);
        }
    }

    @Test
    void everyKindOfEndIsShownAndJournaled() {
        var outcomes = new ArrayList<Outcome>(List.of(
                new Outcome.Failed("no-luck", "try again", Probe.data("failed")),
                new Outcome.TimedOut(Duration.ofMillis(1500), Probe.data("late")),
                new Outcome.Cancelled(Probe.data("by itself"))));
        var probe = Probe.of(work -> {
            work.outcome.complete(outcomes.removeFirst());
            return work;
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            var failed = pipeline.end(pipeline.submit());
            var late = pipeline.end(pipeline.submit());
            var cancelled = pipeline.end(pipeline.submit());

            assertThat(failed.error()).isEqualTo(new JobEvent.Trouble("no-luck", "try again"));
            assertThat(given(failed)).isEqualTo("failed");
            assertThat(late.state()).isEqualTo(JobView.State.TIMED_OUT);
            assertThat(late.error())
                    .isNotNull()
                    .satisfies(error -> assertThat(error.message()).contains("1500 ms"));
            assertThat(cancelled.state()).isEqualTo(JobView.State.CANCELLED);
            assertThat(pipeline.journaled(late.id())).containsExactly("submitted", "validated", "started", "timed_out");
        }
    }

    @Test
    void aResultTooLargeForTheJournalFailsTheJob() {
        var probe = Probe.of(work -> {
            work.outcome.complete(new Outcome.Completed(Probe.data("x".repeat(40_000))));
            return work;
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            var end = pipeline.end(pipeline.submit());

            assertThat(end.state()).isEqualTo(JobView.State.FAILED);
            assertThat(end.error())
                    .isNotNull()
                    .satisfies(error -> assertThat(error.type()).isEqualTo("result-too-large"));
        }
    }

    @Test
    void aCancelledJobEndsOnlyWhenItsWorkHas() {
        var probe = Probe.of(work -> {
            work.obedient = false;
            return work;
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.submit();
            var work = probe.started(job.id());

            job.cancel("enough");
            job.cancel("a second reason");

            await().until(() -> work.cancellations.get() == 1);
            assertThat(job.view().state()).isEqualTo(JobView.State.STARTED);
            work.outcome.complete(new Outcome.Cancelled(Probe.data("half")));
            var end = pipeline.end(job);
            assertThat(end.state()).isEqualTo(JobView.State.CANCELLED);
            assertThat(end.error()).isEqualTo(new JobEvent.Trouble("cancelled", "enough"));
            assertThat(given(end)).isEqualTo("half");
            assertThat(work.cancellations).hasValue(1);
        }
    }

    @Test
    void workThatIsDoneInSpiteOfACancellationIsCompleted() {
        var probe = Probe.of(work -> {
            work.obedient = false;
            return work;
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.submit();
            probe.started(job.id());

            job.cancel("too late");
            probe.started(job.id()).complete();

            assertThat(pipeline.end(job).state()).isEqualTo(JobView.State.COMPLETED);
        }
    }

    @Test
    void aCancellationWhileTheWorkIsBeingStartedReachesIt() {
        var cancelled = new CompletableFuture<Void>();
        var submitted = new CompletableFuture<Job>();
        var probe = Probe.of(work -> {
            submitted.join().cancel("at once");
            cancelled.complete(null);
            return work;
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.submit();
            submitted.complete(job);

            assertThat(pipeline.end(job).state()).isEqualTo(JobView.State.CANCELLED);
            assertThat(cancelled).isCompleted();
        }
    }

    @Test
    void aWaitingJobThatIsCancelledNeverStarts() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 5), probe)) {
            var first = pipeline.submit();
            probe.started(first.id());
            var waiting = pipeline.submit();

            waiting.cancel("not wanted");

            assertThat(pipeline.end(waiting).state()).isEqualTo(JobView.State.CANCELLED);
            assertThat(pipeline.journaled(waiting.id())).containsExactly("submitted", "cancelled");
            assertThat(first.view().state()).isEqualTo(JobView.State.STARTED);
            probe.started(first.id()).complete();
            assertThat(pipeline.end(first).state()).isEqualTo(JobView.State.COMPLETED);
            assertThat(probe.starts).hasValue(1);
        }
    }

    @Test
    void cancellingAnEndedJobLeavesItAsItIs() {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var job = pipeline.submit();
            var end = pipeline.end(job);

            job.cancel("late");

            assertThat(pipeline.end(job)).isEqualTo(end);
            assertThat(pipeline.journaled(job.id())).containsExactly("submitted", "validated", "started", "completed");
        }
    }

    @Test
    void jobsBeyondTheRoomAreRefusedAndThereIsRoomAgainWhenOneEnds() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 2), probe)) {
            var jobs = List.of(pipeline.submit(), pipeline.submit(), pipeline.submit());

            assertThatThrownBy(pipeline::submit)
                    .isInstanceOfSatisfying(AdmissionException.Unavailable.class, refused -> {
                        assertThat(refused.slug()).isEqualTo("saturated");
                        assertThat(refused.retryAfter().orElseThrow()).isPositive();
                    });
            assertThat(pipeline.ids()).hasSize(3);
            jobs.getFirst().cancel("makes room");
            pipeline.end(jobs.getFirst());
            await().until(() -> pipeline.jobs.live() == 2);
            assertThat(pipeline.submit().view().state().ended()).isFalse();
        }
    }

    @Test
    void aQueueOfAnySizeTakesJobs() {
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(2, Integer.MAX_VALUE), Probe.done())) {
            assertThat(pipeline.end(pipeline.submit()).state()).isEqualTo(JobView.State.COMPLETED);
        }
    }

    @Test
    void theSameKeyGivesTheSameJobAndItsWorkIsDoneOnce() {
        var probe = Probe.done();
        try (var pipeline = Pipeline.open(directory, probe)) {
            var none = JsonNodeFactory.instance.objectNode();
            var first = pipeline.submit("key", none);
            var second = pipeline.submit("key", none);
            pipeline.end(first);
            var third = pipeline.submit("key", none);

            assertThat(second).isSameAs(first);
            assertThat(third).isSameAs(first);
            assertThat(probe.starts).hasValue(1);
            await().until(() -> pipeline.jobs.live() == 0);
            assertThatThrownBy(() -> pipeline.submit("key", none.deepCopy().put("number", 1)))
                    .isInstanceOf(AdmissionException.KeyReused.class)
                    .hasMessageContaining(first.id());
            assertThat(pipeline.jobs.live()).isZero();
        }
    }

    @Test
    void whatIsNotThereIsNamedAndNothingIsKept() {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var none = JsonNodeFactory.instance.objectNode();
            assertInvalid(pipeline, Submission.of("a", "Prob", none).build(), "unknown-capability");
            assertInvalid(
                    pipeline,
                    Submission.of("a", "Probe", none)
                            .profile(Optional.of("nobody"))
                            .build(),
                    "unknown-profile");
            for (var deadline :
                    List.of(Duration.ZERO, Duration.ofNanos(5), Duration.ofSeconds(-1), Duration.ofDays(2))) {
                assertInvalid(
                        pipeline,
                        Submission.of("a", "Probe", none)
                                .deadline(Optional.of(deadline))
                                .build(),
                        "invalid-deadline");
            }
            assertThat(pipeline.ids()).isEmpty();
            assertThat(pipeline.jobs.live()).isZero();
            assertThat(pipeline.events()).isEmpty();
        }
    }

    private static void assertInvalid(Pipeline pipeline, Submission submission, String slug) {
        assertThatThrownBy(() -> pipeline.jobs.submit(submission).await().atMost(Pipeline.PATIENCE))
                .isInstanceOfSatisfying(
                        AdmissionException.Invalid.class,
                        refused -> assertThat(refused.slug()).isEqualTo(slug));
    }

    @Test
    void outputIsHeardWhileTheWorkGoesOn() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.submit();
            probe.started(job.id());

            probe.started(job.id()).sink.put("text", "a piece");

            var heard = job.news(0).select().first(3).collect().asList().await().atMost(Pipeline.PATIENCE);
            assertThat(heard.getLast()).isInstanceOfSatisfying(JobNews.Output.class, output -> {
                assertThat(output.channel()).isEqualTo("text");
                assertThat(output.text()).isEqualTo("a piece");
            });
        }
    }

    @Test
    void drainingLetsRunningWorkEndAndTakesNothingNew() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 5), probe)) {
            var running = pipeline.submit();
            probe.started(running.id());
            var waiting = pipeline.submit();
            var drained = Thread.ofVirtual().start(() -> pipeline.jobs.drain(Pipeline.PATIENCE));
            await().until(pipeline.jobs::draining);

            assertThatThrownBy(pipeline::submit)
                    .isInstanceOfSatisfying(
                            AdmissionException.Unavailable.class,
                            refused -> assertThat(refused.slug()).isEqualTo("draining"));
            probe.started(running.id()).complete();

            await().until(() -> !drained.isAlive());
            assertThat(running.view().state()).isEqualTo(JobView.State.COMPLETED);
            assertThat(pipeline.journaled(waiting.id())).containsExactly("submitted");
            assertThatThrownBy(() -> pipeline.end(waiting)).isInstanceOf(AdmissionException.Unavailable.class);
            assertThat(probe.starts).hasValue(1);
        }
    }

    @Test
    void whatWasAdmittedBeforeADrainAndIsPreparedAfterItDoesNotBegin() {
        var probe = Probe.done();
        var prepared = new CompletableFuture<@Nullable Void>();
        var late = new Preparation() {
            @Override
            public Uni<@Nullable Void> before(JobEvent.Submitted submission) {
                return Uni.createFrom().completionStage(prepared::copy);
            }
        };
        try (var pipeline =
                Pipeline.open(directory, Pipeline.settings(1, 5), probe, Catalog.empty(), Unwatched.HOST, late)) {
            var submitted = pipeline.jobs
                    .submit(Pipeline.submission(null, JsonNodeFactory.instance.objectNode()))
                    .subscribeAsCompletionStage();

            pipeline.jobs.drain(Pipeline.PATIENCE);
            prepared.complete(null);

            assertThat(submitted)
                    .failsWithin(Pipeline.PATIENCE)
                    .withThrowableOfType(ExecutionException.class)
                    .withCauseInstanceOf(AdmissionException.Unavailable.class);
            assertThat(probe.starts).hasValue(0);
            assertThat(pipeline.ids()).isEmpty();
        }
    }

    @Test
    void workThatIsNotDoneWhenTheDrainsTimeIsUpIsCancelled() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, probe)) {
            var running = pipeline.submit();
            probe.started(running.id());

            pipeline.jobs.drain(Duration.ofMillis(50));

            assertThat(running.view().state()).isEqualTo(JobView.State.CANCELLED);
            assertThat(running.view().error()).isEqualTo(new JobEvent.Trouble("cancelled", "the service was stopped"));
            assertThat(pipeline.journaled(running.id()))
                    .containsExactly("submitted", "validated", "started", "cancelled");
        }
    }

    @Test
    void manyJobsAtOnceEachHaveOneEnd() {
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(8, 500), Probe.done())) {
            var submissions = new ArrayList<Uni<Job>>();
            for (int i = 0; i < 300; i++) {
                submissions.add(pipeline.jobs.submit(Pipeline.submission(
                        null, JsonNodeFactory.instance.objectNode().put("number", i))));
            }
            var jobs = Uni.join().all(submissions).andFailFast().await().atMost(Pipeline.PATIENCE);

            jobs.forEach(job -> assertThat(pipeline.end(job).state()).isEqualTo(JobView.State.COMPLETED));
            assertThat(pipeline.events()).hasSize(1200);
            assertThat(pipeline.events().stream().filter(event -> event.type().equals("completed")))
                    .extracting(dev.ringfence.wal.journal.JobEvent::jobId)
                    .doesNotHaveDuplicates()
                    .hasSize(300);
        }
    }

    @Test
    void aJobThatSeveralStreamIsCancelledWhenTheLastOfThemHasGone() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, probe)) {
            var first = held(pipeline, "key");
            var second = held(pipeline, "key");
            assertThat(second.job()).isSameAs(first.job());

            first.release("gone");
            first.release("gone");
            assertThat(first.job().cancellation()).isEmpty();

            second.release("gone as well");
            assertThat(pipeline.end(first.job()).state()).isEqualTo(JobView.State.CANCELLED);
        }
    }

    @Test
    void aJobThatWasAlsoSubmittedForItsOwnSakeGoesOn() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, probe)) {
            var hold = held(pipeline, "key");
            var job = pipeline.submit("key", JsonNodeFactory.instance.objectNode());

            hold.release("gone");

            assertThat(job.cancellation()).isEmpty();
            probe.started(job.id()).complete();
            assertThat(pipeline.end(job).state()).isEqualTo(JobView.State.COMPLETED);
        }
    }

    private static Job.Hold held(Pipeline pipeline, String key) {
        return pipeline.jobs
                .submitHeld(Pipeline.submission(key, JsonNodeFactory.instance.objectNode()))
                .await()
                .atMost(Pipeline.PATIENCE);
    }

    @Test
    void aKnownJobIsAnsweredAlsoWhenThereIsNoRoomAndWhileDraining() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 1), probe)) {
            var none = JsonNodeFactory.instance.objectNode();
            var first = pipeline.submit("key", none);
            var second = pipeline.submit();
            assertThatThrownBy(pipeline::submit).isInstanceOf(AdmissionException.Unavailable.class);

            assertThat(pipeline.submit("key", none)).isSameAs(first);

            probe.started(first.id()).complete();
            probe.started(second.id()).complete();
            pipeline.end(second);
            pipeline.jobs.drain(Pipeline.PATIENCE);
            assertThat(pipeline.submit("key", none)).isSameAs(first);
            assertThatThrownBy(pipeline::submit).isInstanceOf(AdmissionException.Unavailable.class);
        }
    }

    @Test
    void manySubmissionsWithOneKeyAtOnceAreOneJob() {
        var probe = Probe.done();
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(8, 500), probe)) {
            var submissions = new ArrayList<Uni<Job>>();
            for (int i = 0; i < 50; i++) {
                submissions.add(pipeline.jobs
                        .submit(Pipeline.submission("key", JsonNodeFactory.instance.objectNode()))
                        .runSubscriptionOn(io.smallrye.mutiny.infrastructure.Infrastructure.getDefaultWorkerPool()));
            }
            var jobs = Uni.join().all(submissions).andFailFast().await().atMost(Pipeline.PATIENCE);

            assertThat(jobs).extracting(Job::id).containsOnly(jobs.getFirst().id());
            pipeline.end(jobs.getFirst());
            assertThat(probe.starts).hasValue(1);
        }
    }

    @Test
    void outputThatIsTooMuchForTheResultIsNamedByTheEndAndThereAfterARestart() throws Exception {
        var probe = Probe.of(work -> {
            try {
                var file = work.invocation.outputs().begin("stdout");
                file.write("all of it".getBytes(java.nio.charset.StandardCharsets.UTF_8), 0, 9);
                file.finish();
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            work.complete();
            return work;
        });
        String id;
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.submit();
            id = job.id();
            assertThat(pipeline.end(job).fate().blobs()).hasSize(1);
        }
        try (var pipeline = Pipeline.open(directory, probe)) {
            var blob =
                    pipeline.jobs.find(id).orElseThrow().view().fate().blobs().getFirst();
            assertThat(pipeline.journal.blobs().file(blob)).hasContent("all of it");
        }
    }

    /** What the work gave. */
    private static String given(JobView end) {
        return Objects.requireNonNull(end.result()).path("text").asText();
    }
}
