package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.capability.Outcome;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every result has, however the job ended. */
class ResultsTest {
    private static final JobHost HOST = new JobHost(
            Optional::empty,
            () -> Optional.of(JsonNodeFactory.instance.objectNode().put("cpu", 17)));

    @TempDir
    Path directory;

    @Test
    void workThatWasDoneSucceededUnlessItSaysOtherwise() {
        assertThat(result(Probe.done()).path("success").booleanValue()).isTrue();
        var modest = Probe.of(work -> {
            work.outcome.complete(new Outcome.Completed(Probe.data("exit 1").put("success", false)));
            return work;
        });
        assertThat(result(modest).path("success").isBoolean()).isTrue();
        assertThat(result(modest).path("success").booleanValue()).isFalse();
        var failed = Probe.of(work -> {
            work.outcome.complete(new Outcome.Failed("no-luck", "try again", Probe.data("x")));
            return work;
        });
        assertThat(result(failed).path("success").isBoolean()).isTrue();
        assertThat(result(failed).path("success").booleanValue()).isFalse();
        assertThat(result(failed).at("/telemetry/before/cpu").intValue()).isEqualTo(17);
        assertThat(result(failed).at("/telemetry/after/cpu").intValue()).isEqualTo(17);
    }

    private JsonNode result(Probe probe) {
        try (var pipeline = open(probe)) {
            return result(pipeline.end(pipeline.submit()));
        }
    }

    @Test
    void aJobThatNeverBeganHasTheLoadOfItsEnd() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = open(probe)) {
            probe.started(pipeline.submit().id());
            var waiting = pipeline.submit();
            waiting.cancel("not wanted");

            assertEndedWithoutWork(pipeline.end(waiting));
        }
        try (var pipeline = open(Probe.done())) {
            var wrong =
                    pipeline.submit(null, JsonNodeFactory.instance.objectNode().put("number", "seven"));
            assertEndedWithoutWork(pipeline.end(wrong));
        }
    }

    @Test
    void anInterruptedJobHasTheLoadOfTheTimeWhenThatWasFoundOut() {
        String id;
        try (var pipeline = open(Probe.heldByTheTest())) {
            id = pipeline.submit().id();
            await().until(() -> pipeline.journaled(id).contains("started"));
        }
        try (var pipeline = open(Probe.done())) {
            var end = pipeline.end(pipeline.jobs.find(id).orElseThrow());

            assertThat(end.state()).isEqualTo(JobView.State.INTERRUPTED);
            assertEndedWithoutWork(end);
        }
    }

    private static void assertEndedWithoutWork(JobView end) {
        var result = result(end);
        assertThat(result.path("success").isBoolean()).isTrue();
        assertThat(result.path("success").booleanValue()).isFalse();
        assertThat(result.at("/telemetry/after/cpu").intValue()).isEqualTo(17);
        assertThat(result.path("telemetry").has("before")).isFalse();
    }

    private Pipeline open(Probe probe) {
        return Pipeline.open(directory, Pipeline.settings(1, 5), probe, Catalog.empty(), HOST);
    }

    private static JsonNode result(JobView end) {
        return Objects.requireNonNull(end.result());
    }
}
