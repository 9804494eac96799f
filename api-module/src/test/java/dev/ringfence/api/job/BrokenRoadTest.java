package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.wal.journal.JournalException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs to which something happens on their way that none should: each comes to an end, or is told to be lost. */
class BrokenRoadTest {
    /** Half a character: Jackson writes it as the name of a field, and cannot read it again. */
    private static final String HALF = "\ud800";

    @TempDir
    Path directory;

    @Test
    void aResultThatTheJournalCannotKeepFailsTheJob() {
        var probe = Probe.of(work -> {
            work.outcome.complete(new Outcome.Completed(Probe.data("done").put(HALF, 1)));
            return work;
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.submit();
            var end = pipeline.end(job);

            assertThat(end.state()).isEqualTo(JobView.State.FAILED);
            assertThat(end.error())
                    .isNotNull()
                    .satisfies(error -> assertThat(error.type()).isEqualTo("result-not-encodable"));
            assertThat(pipeline.journaled(job.id())).endsWith("failed");
        }
    }

    @Test
    void aNoteThatTheJournalCannotKeepIsLeftOutAndAllThatItCanIsKept() {
        var probe = Probe.of(work -> {
            var data = Probe.data("x".repeat(40_000));
            var program = data.putArray("programs").addObject();
            program.put(work.invocation.arguments().path("name").asText(), 1);
            work.outcome.complete(new Outcome.Completed(data));
            return work;
        });
        try (var pipeline = Pipeline.open(directory, probe)) {
            var object = JsonNodeFactory.instance.objectNode();
            var good = pipeline.submit(null, object.deepCopy().put("name", "argv"));
            var bad = pipeline.submit(null, object.deepCopy().put("name", HALF));

            assertThat(pipeline.end(good).state()).isEqualTo(JobView.State.FAILED);
            assertThat(pipeline.end(bad).state()).isEqualTo(JobView.State.FAILED);
            assertThat(pipeline.journaled(good.id())).endsWith("started", "command_executed", "failed");
            assertThat(pipeline.journaled(bad.id())).endsWith("started", "failed");
        }
    }

    @Test
    void aSubmissionThatTheJournalCannotKeepIsRefusedAndNothingIsKeptOfIt() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 1), probe)) {
            var arguments = JsonNodeFactory.instance.objectNode().put(HALF, 1);
            var submission = Pipeline.submission("key", arguments);

            assertRefused(pipeline, submission);
            var running = pipeline.submit("key", JsonNodeFactory.instance.objectNode());
            probe.started(running.id());
            assertRefused(pipeline, Pipeline.submission("other key", arguments));

            assertThat(pipeline.ids()).containsExactly(running.id());
            await().until(() -> pipeline.jobs.live() == 1);
            pipeline.submit("other key", JsonNodeFactory.instance.objectNode());
        }
    }

    private static void assertRefused(Pipeline pipeline, Submission submission) {
        assertThatThrownBy(() -> pipeline.jobs.submit(submission).await().atMost(Pipeline.PATIENCE))
                .isInstanceOf(JournalException.NotEncodable.class);
    }

    @Test
    void anErrorBeforeTheSubmissionIsDurableRefusesItAndGivesItsPlaceAndKeyBack() {
        var probe = Probe.done();
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 1), probe)) {
            probe.asked = BrokenRoadTest::fail;
            for (int i = 0; i < 3; i++) {
                assertBreaks(pipeline);
            }
            probe.asked = () -> {};

            await().until(() -> pipeline.jobs.live() == 0);
            assertThat(pipeline.end(pipeline.submit("key", JsonNodeFactory.instance.objectNode()))
                            .state())
                    .isEqualTo(JobView.State.COMPLETED);
        }
    }

    @Test
    void anErrorWhileAJobIsLetInGivesItsKeyBack() {
        var broken = new AtomicBoolean(true);
        var host = new JobHost(
                () -> {
                    if (broken.get()) {
                        fail();
                    }
                    return Optional.empty();
                },
                Optional::empty);
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 1), Probe.done(), Catalog.empty(), host)) {
            assertBreaks(pipeline);
            broken.set(false);

            assertThat(pipeline.end(pipeline.submit("key", JsonNodeFactory.instance.objectNode()))
                            .state())
                    .isEqualTo(JobView.State.COMPLETED);
        }
    }

    private static void assertBreaks(Pipeline pipeline) {
        assertThatThrownBy(() -> pipeline.submit("key", JsonNodeFactory.instance.objectNode()))
                .hasStackTraceContaining("a fault of the test");
    }

    @Test
    void anErrorOnTheRoadIsToldToWhoeverWaitsAndGivesTheSlotBack() {
        var host = new JobHost(Optional::empty, () -> {
            fail();
            return Optional.empty();
        });
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 1), Probe.done(), Catalog.empty(), host)) {
            for (int i = 0; i < 3; i++) {
                var job = pipeline.submit();

                assertThatThrownBy(() -> pipeline.end(job)).hasStackTraceContaining("a fault of the test");
                await().until(() -> pipeline.jobs.live() == 0);
            }
        }
    }

    @Test
    void anErrorWhileAnOldJobIsTakenUpIsToldToWhoeverWaits() {
        var submission = Pipeline.submission(1, 0);
        String id;
        try (var pipeline = Pipeline.open(directory, Probe.heldByTheTest().repeatable(true))) {
            id = pipeline.jobs
                    .submit(submission)
                    .await()
                    .atMost(Pipeline.PATIENCE)
                    .id();
            await().until(() -> pipeline.journaled(id).contains("started"));
        }
        var probe = Probe.done();
        probe.asked = BrokenRoadTest::fail;
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.jobs.find(id).orElseThrow();

            assertThatThrownBy(() -> pipeline.end(job)).hasStackTraceContaining("a fault of the test");
        }
    }

    @Test
    void onlyAJobThatRunsInAFenceHasATier() {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            assertThat(pipeline.end(pipeline.submit()).fate().tier()).isEqualTo("none");
        }
        try (var pipeline =
                Pipeline.open(directory.resolve("other"), Probe.done().unfenced())) {
            assertThat(pipeline.end(pipeline.submit()).fate().tier()).isNull();
        }
    }

    private static void fail() {
        throw new StackOverflowError("a fault of the test");
    }
}
