package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Catalog;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A key, after the operator has changed what there is and who may ask for it. */
class RepeatTest {
    @TempDir
    Path directory;

    @Test
    void aRepeatGivesTheSameJobWhateverTheDefaultsAndGrantsAreByNow() {
        var asked = submission(Optional.empty(), arguments(1));
        var id = submitted(asked);

        var withdrawn = Catalog.parse("[agents.anonymous]\ncapabilities = [\"Other\"]\n", "test");
        var otherDefault = Catalog.parse("[slm]\ndefault_sandbox_profile = \"standard\"\n", "test");
        for (var catalog : new Catalog[] {withdrawn, otherDefault}) {
            try (var pipeline = open(catalog, Duration.ofSeconds(7))) {
                assertThat(pipeline.jobs
                                .submit(asked)
                                .await()
                                .atMost(Pipeline.PATIENCE)
                                .id())
                        .isEqualTo(id);
            }
        }
    }

    @Test
    void whatIsSaidHasToBeTheSame() {
        submitted(submission(Optional.of("secure"), arguments(1)));

        try (var pipeline = open(Catalog.empty(), Duration.ofSeconds(7))) {
            assertReused(pipeline, submission(Optional.of("standard"), arguments(1)));
            assertReused(pipeline, submission(Optional.of("secure"), arguments(2)));
        }
    }

    private static void assertReused(Pipeline pipeline, Submission submission) {
        assertThatThrownBy(() -> pipeline.jobs.submit(submission).await().atMost(Pipeline.PATIENCE))
                .isInstanceOf(AdmissionException.KeyReused.class)
                .hasMessageContaining("\"key\"");
    }

    private String submitted(Submission asked) {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            var job = pipeline.jobs.submit(asked).await().atMost(Pipeline.PATIENCE);
            return pipeline.end(job).id();
        }
    }

    private Pipeline open(Catalog catalog, Duration defaultDeadline) {
        var settings = Pipeline.settings(1, 1);
        var changed = new JobSettings(
                settings.concurrency(),
                settings.queue(),
                settings.queueOfAgent(),
                settings.memoryBudget(),
                settings.concurrencyOf(),
                settings.retained(),
                settings.retainedBytes(),
                defaultDeadline,
                settings.eventBuffer());
        return Pipeline.open(directory, changed, Probe.done(), catalog);
    }

    private static ObjectNode arguments(int number) {
        return JsonNodeFactory.instance.objectNode().put("number", number);
    }

    private static Submission submission(Optional<String> profile, ObjectNode arguments) {
        return Submission.of("anonymous", "Probe", arguments)
                .profile(profile)
                .idempotencyKey(Optional.of("key"))
                .build();
    }
}
