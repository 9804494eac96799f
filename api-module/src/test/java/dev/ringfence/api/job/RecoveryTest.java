package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.journal.JobEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecoveryTest {
    @TempDir
    Path directory;

    @Test
    void workThatWasUnderWayIsInterruptedAndWorkThatWaitedRuns() {
        var before = Probe.heldByTheTest();
        String running;
        String waiting;
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 5), before)) {
            running = pipeline.submit().id();
            before.started(running);
            waiting = pipeline.submit().id();
        }
        var after = Probe.done();

        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 5), after)) {
            var interrupted = pipeline.jobs.find(running).orElseThrow();
            var resumed = pipeline.jobs.find(waiting).orElseThrow();
            assertThat(interrupted.view().state()).isEqualTo(JobView.State.INTERRUPTED);
            assertThat(pipeline.end(resumed).state()).isEqualTo(JobView.State.COMPLETED);
            assertThat(after.works).containsOnlyKeys(waiting);
            assertThat(pipeline.journaled(running)).containsExactly("submitted", "validated", "started", "interrupted");
            assertThat(pipeline.journaled(waiting)).containsExactly("submitted", "validated", "started", "completed");
        }
    }

    @Test
    void endedJobsAreShownAsTheyWereAndAnotherRestartChangesNothing() {
        String id;
        JobView end;
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var job = pipeline.submit();
            id = job.id();
            end = pipeline.end(job);
        }
        for (int i = 0; i < 2; i++) {
            try (var pipeline = Pipeline.open(directory, Probe.done())) {
                assertThat(pipeline.jobs.find(id).orElseThrow().view()).hasToString(end.toString());
                assertThat(pipeline.journaled(id)).containsExactly("submitted", "validated", "started", "completed");
            }
        }
    }

    @Test
    void theChangesOfARecoveredJobCanBeWatched() {
        String id;
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var job = pipeline.submit();
            id = job.id();
            pipeline.end(job);
        }
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var heard = pipeline.jobs
                    .find(id)
                    .orElseThrow()
                    .news(0)
                    .collect()
                    .asList()
                    .await()
                    .atMost(Pipeline.PATIENCE);

            assertThat(heard)
                    .extracting(item -> ((JobNews.Changed) item).job().state().word())
                    .containsExactly("submitted", "started", "completed");
        }
    }

    @Test
    void eventsHaveTheSameNumbersAfterARestartAndWhatIsGoneIsTold() {
        String id;
        List<JobNews> before;
        try (var pipeline = Pipeline.open(directory, Probe.of(work -> {
            List.of("one", "two", "three").forEach(text -> work.sink.put("stdout", text));
            work.complete();
            return work;
        }))) {
            var job = pipeline.submit();
            id = job.id();
            pipeline.end(job);
            before = heard(job, 0);
        }
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var job = pipeline.jobs.find(id).orElseThrow();

            assertThat(numbers(before)).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
            assertThat(numbers(heard(job, 0))).containsExactly(1L, 2L, 5L, 6L);
            assertThat(heard(job, 3).getFirst()).isInstanceOf(JobNews.Dropped.class);
            assertThat(heard(job, 5)).singleElement().isEqualTo(heard(job, 6).getFirst());
            assertThat(heard(job, 6).getFirst().sequence()).isEqualTo(6);
        }
    }

    @Test
    void whoeverHeardOfWorkThatARestartInterruptedHearsItsEndNextAndNothingTwice() {
        var running = Probe.heldByTheTest();
        String id;
        try (var pipeline = Pipeline.open(directory, running)) {
            id = pipeline.submit().id();
            running.started(id);
        }
        List<JobNews> first;
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var job = pipeline.jobs.find(id).orElseThrow();
            first = heard(job, 40);

            assertThat(first).first().isInstanceOf(JobNews.Dropped.class);
            assertThat(first).last().matches(JobNews::last);
            assertThat(numbers(heard(job, 2)).getLast()).isGreaterThan(1_000_000);
        }
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            assertThat(numbers(heard(pipeline.jobs.find(id).orElseThrow(), 40))).isEqualTo(numbers(first));
        }
    }

    @Test
    void aJobOfAClientThatWaitedAloneIsCancelledWhenItHadNotBegun() {
        var before = Probe.heldByTheTest();
        String alone;
        String comingBack;
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 5), before)) {
            before.started(pipeline.submit().id());
            alone = held(pipeline, null);
            comingBack = held(pipeline, "key");
        }
        var after = Probe.done();
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 5), after)) {
            var end = pipeline.end(pipeline.jobs.find(alone).orElseThrow());

            assertThat(end.state()).isEqualTo(JobView.State.CANCELLED);
            assertThat(end.error())
                    .isNotNull()
                    .satisfies(why -> assertThat(why.message()).contains("the connection of the client"));
            assertThat(pipeline.end(pipeline.jobs.find(comingBack).orElseThrow())
                            .state())
                    .isEqualTo(JobView.State.COMPLETED);
            assertThat(after.works).containsOnlyKeys(comingBack);
        }
    }

    @Test
    void aJobNamesThePlacesOfItsEventsInTheJournal() {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            pipeline.end(pipeline.submit());
            var view = pipeline.end(pipeline.submit());
            var types = pipeline.events().stream().map(JobEvent::type).toList();
            var places = view.fate().places();

            assertThat(types.get((int) places.submitted() - 1)).isEqualTo("submitted");
            assertThat(types.get((int) places.started() - 1)).isEqualTo("started");
            assertThat(types.get((int) places.ended() - 1)).isEqualTo("completed");
            assertThat(places.submitted()).isEqualTo(5);
            var result = Objects.requireNonNull(view.result());
            assertThat(result.at("/sequence/started").asLong()).isEqualTo(places.started());
        }
    }

    private static String held(Pipeline pipeline, @Nullable String key) {
        return pipeline.jobs
                .submitHeld(Pipeline.submission(key, JsonNodeFactory.instance.objectNode()))
                .await()
                .atMost(Pipeline.PATIENCE)
                .job()
                .id();
    }

    private static List<JobNews> heard(Job job, long after) {
        return job.news(after).collect().asList().await().atMost(Pipeline.PATIENCE);
    }

    private static List<Long> numbers(List<JobNews> news) {
        return news.stream().map(JobNews::sequence).toList();
    }

    @Test
    void aKeyHoldsAcrossARestart() {
        var arguments = JsonNodeFactory.instance.objectNode().put("number", 0.7);
        arguments.putArray("list").add(1).add(5_000_000_000L).add("text").addNull();
        String id;
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var job = pipeline.submit("key", arguments);
            id = job.id();
            pipeline.end(job);
        }
        var probe = Probe.done();
        try (var pipeline = Pipeline.open(directory, probe)) {
            assertThat(pipeline.submit("key", arguments).id()).isEqualTo(id);
            assertThatThrownBy(() -> pipeline.submit("key", arguments.deepCopy().put("number", 0.8)))
                    .isInstanceOf(AdmissionException.KeyReused.class);
            assertThat(probe.starts).hasValue(0);
        }
    }

    @Test
    void aKeyIsHeldByAJobThatLeftTheMemory() {
        var settings = new JobSettings(1, 5, 5, 1 << 20, Map.of(), 1, 1 << 20, Duration.ofSeconds(60), 10_000);
        var none = JsonNodeFactory.instance.objectNode();
        var probe = Probe.done();
        try (var pipeline = Pipeline.open(directory, settings, probe)) {
            var first = pipeline.submit("key", none);
            pipeline.end(first);
            for (int i = 0; i < 3; i++) {
                pipeline.end(pipeline.submit());
            }

            assertThat(pipeline.submit("key", none).id()).isEqualTo(first.id());
            assertThatThrownBy(() -> pipeline.submit("key", none.deepCopy().put("number", 1)))
                    .isInstanceOf(AdmissionException.KeyReused.class);
            assertThat(probe.starts).hasValue(4);
        }
    }

    @Test
    void workThatMayBeRepeatedIsBegunAgainAsOftenAsItsCallerAllowed() {
        String id;
        var submission = Pipeline.submission(2, 0);
        var first = Probe.heldByTheTest().repeatable(true);
        try (var pipeline = Pipeline.open(directory, first)) {
            id = pipeline.jobs
                    .submit(submission)
                    .await()
                    .atMost(Pipeline.PATIENCE)
                    .id();
            first.started(id);
        }
        for (int restart = 0; restart < 2; restart++) {
            var again = Probe.heldByTheTest().repeatable(true);
            try (var pipeline = Pipeline.open(directory, again)) {
                again.started(id);
                assertThat(pipeline.jobs.find(id).orElseThrow().view().fate().attempts())
                        .isEqualTo(restart + 2);
            }
        }
        var last = Probe.heldByTheTest().repeatable(true);
        try (var pipeline = Pipeline.open(directory, last)) {
            assertThat(pipeline.jobs.find(id).orElseThrow().view().state()).isEqualTo(JobView.State.INTERRUPTED);
            assertThat(last.starts).hasValue(0);
            assertThat(pipeline.journaled(id))
                    .containsExactly(
                            "submitted",
                            "validated",
                            "started",
                            "retried",
                            "validated",
                            "started",
                            "retried",
                            "validated",
                            "started",
                            "interrupted");
        }
    }

    @Test
    void jobsThatWaitedComeBackWithTheirPriorityAndAreNotRefused() {
        var settings = Pipeline.settings(1, 50);
        var first = Probe.heldByTheTest();
        String urgent;
        try (var pipeline = Pipeline.open(directory, settings, first)) {
            first.started(pipeline.submit().id());
            for (int i = 0; i < 5; i++) {
                pipeline.submit();
            }
            urgent = pipeline.jobs
                    .submit(Pipeline.submission(0, 7))
                    .await()
                    .atMost(Pipeline.PATIENCE)
                    .id();
        }
        var again = Probe.heldByTheTest();
        // Less room than there are jobs.
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 1), again)) {
            assertThat(pipeline.jobs
                            .find(urgent)
                            .orElseThrow()
                            .view()
                            .submission()
                            .priority())
                    .isEqualTo(7);
            assertThat(pipeline.jobs.live()).isEqualTo(6);
            await().until(() -> !again.works.isEmpty());
            var running = again.works.keySet().iterator().next();
            if (!running.equals(urgent)) {
                await().until(() ->
                        pipeline.jobs.find(urgent).orElseThrow().queuePosition().equals(OptionalInt.of(1)));
                again.started(running).complete();
            }
            again.started(urgent).complete();
        }
    }

    @Test
    void workThatMustNotBeRepeatedIsNotAdmittedWithRetries() {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var submission = Pipeline.submission(1, 0);

            assertThatThrownBy(() -> pipeline.jobs.submit(submission).await().atMost(Pipeline.PATIENCE))
                    .isInstanceOfSatisfying(
                            AdmissionException.Invalid.class,
                            refused -> assertThat(refused.slug()).isEqualTo("not-repeatable"));
        }
    }

    @Test
    void aJobWhoseCapabilityIsGoneFailsWithTheReason() {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            pipeline.journal
                    .append(new JobEvent.Submitted(
                            "an-old-job",
                            java.time.Instant.now(),
                            "anonymous",
                            "Divination",
                            JsonNodeFactory.instance.objectNode(),
                            "secure",
                            Duration.ofSeconds(1),
                            null))
                    .await()
                    .atMost(Pipeline.PATIENCE);
        }
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var end = pipeline.end(pipeline.jobs.find("an-old-job").orElseThrow());

            assertThat(end.error()).isNotNull().satisfies(error -> {
                assertThat(error.type()).isEqualTo("unknown-capability");
                assertThat(error.message()).contains("Divination");
            });
        }
    }

    @Test
    void aJournalThatClosesUnderAJobLosesNothingThatWasAcknowledged() {
        var probe = Probe.heldByTheTest();
        String id;
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.submit();
            id = job.id();
            probe.started(id);

            pipeline.journal.close();
            probe.started(id).complete();

            assertThatThrownBy(() -> pipeline.end(job)).isInstanceOf(dev.ringfence.wal.log.LogException.Closed.class);
            assertThat(job.view().state()).isEqualTo(JobView.State.STARTED);
            assertThatThrownBy(() -> job.news(0).collect().asList().await().atMost(Pipeline.PATIENCE))
                    .isInstanceOf(dev.ringfence.wal.log.LogException.Closed.class);
            assertThatThrownBy(pipeline::submit).isInstanceOf(AdmissionException.Unavailable.class);
            assertThat(pipeline.ids()).hasSize(1);
        }
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            assertThat(pipeline.jobs.find(id).orElseThrow().view().state()).isEqualTo(JobView.State.INTERRUPTED);
        }
    }
}
