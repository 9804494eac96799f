package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.runner.capability.FenceTools;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.capability.ShellExec;
import dev.ringfence.wal.journal.JobEvent;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {
    @TempDir
    Path directory;

    @Test
    void whatWouldRunIsSaidAndNothingIsKept() {
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            assertThat(pipeline.jobs.rehearse(submission(Optional.empty(), 0))).isInstanceOf(Outcome.Completed.class);

            assertThat(pipeline.events()).isEmpty();
            assertThat(pipeline.jobs.live()).isZero();
        }
    }

    @Test
    void argumentsThatBreakTheSchemaFailAsTheJobWould() {
        var wrong =
                Pipeline.submission(null, JsonNodeFactory.instance.objectNode().put("number", "seven"));
        try (var pipeline = Pipeline.open(directory, Probe.done())) {
            assertThat(pipeline.jobs.rehearse(wrong)).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
                assertThat(failed.type()).isEqualTo("invalid-arguments");
                assertThat(failed.message()).contains("/number");
            });
        }
    }

    @Test
    void whatIsRefusedToAJobIsRefusedToItsRehearsal() {
        try (var pipeline = Pipeline.open(directory, Probe.done().unfenced())) {
            assertInvalid(pipeline, submission(Optional.of(FenceTier.LANDLOCK), 0), "no-fence-of-its-own");
            assertInvalid(pipeline, submission(Optional.empty(), 3), "not-repeatable");
        }
    }

    private static void assertInvalid(Pipeline pipeline, Submission submission, String slug) {
        assertThatThrownBy(() -> pipeline.jobs.rehearse(submission))
                .isInstanceOfSatisfying(
                        AdmissionException.Invalid.class,
                        refused -> assertThat(refused.slug()).isEqualTo(slug));
    }

    @Test
    void whatHasToBePreparedIsLookedAtAndNotDone() {
        var preparation = new Preparation() {
            @Override
            public Uni<@Nullable Void> before(JobEvent.Submitted submission) {
                throw new IllegalStateException("nothing may be done");
            }

            @Override
            public void check(JobEvent.Submitted submission) {
                throw new AdmissionException.Conflict("session-closed", "it takes no more jobs");
            }
        };
        try (var pipeline = Pipeline.open(
                directory,
                Pipeline.settings(1, 1),
                Probe.done(),
                Catalog.empty(),
                Unwatched.HOST,
                Preparation.all(java.util.List.of(preparation)))) {
            assertThatThrownBy(() -> pipeline.jobs.rehearse(submission(Optional.empty(), 0)))
                    .isInstanceOf(AdmissionException.Conflict.class);
        }
    }

    @Test
    void aTierThatIsWeakerThanTheProfilesIsRefused() {
        var catalog = Catalog.parse("""
                [slm]
                default_sandbox_profile = "strict"
                [slm.sandbox_profiles.strict]
                tier = "namespaces"
                """, "test");
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 1), Probe.done(), catalog)) {
            assertThatThrownBy(() -> pipeline.jobs.rehearse(
                            submission(Optional.of(FenceTier.named("landlock").orElseThrow()), 0)))
                    .isInstanceOfSatisfying(
                            AdmissionException.Invalid.class,
                            refused -> assertThat(refused.slug()).isEqualTo("weaker-tier"))
                    .hasMessageContaining("strict")
                    .hasMessageContaining("namespaces");
        }
    }

    @Test
    void aRehearsalCountsForTheAgentsRate() {
        var catalog = Catalog.parse("[agents.anonymous]\njobs_per_minute = 2\n", "test");
        try (var pipeline = Pipeline.open(directory, Pipeline.settings(1, 1), Probe.done(), catalog)) {
            pipeline.jobs.rehearse(submission(Optional.empty(), 0));
            pipeline.jobs.rehearse(submission(Optional.empty(), 0));

            assertThatThrownBy(() -> pipeline.jobs.rehearse(submission(Optional.empty(), 0)))
                    .isInstanceOf(AdmissionException.TooMany.class)
                    .hasMessageContaining("jobs_per_minute");
        }
    }

    @Test
    void theTimeThatArgumentsAskForIsTheDeadlineOfAJobThatNamesNone() {
        var shell = new ShellExec(FenceTools.without((command, output) -> {
            throw new IllegalStateException("nothing is started");
        }));
        try (var pipeline = Pipeline.open(directory, shell)) {
            assertThat(deadline(pipeline, 200, Optional.empty())).isEqualTo(200_000);
            assertThat(deadline(pipeline, 5, Optional.empty())).isEqualTo(5_000);
            assertThat(deadline(pipeline, 200, Optional.of(Duration.ofSeconds(90))))
                    .isEqualTo(90_000);
        }
    }

    @Test
    void aTimeThatTheSchemaRefusesIsNoDeadline() {
        var shell = new ShellExec(FenceTools.without((command, output) -> {
            throw new IllegalStateException("nothing is started");
        }));
        try (var pipeline = Pipeline.open(directory, shell)) {
            for (var timeout : new JsonNode[] {
                LongNode.valueOf(0), LongNode.valueOf(Long.MAX_VALUE), TextNode.valueOf("200"), NullNode.instance
            }) {
                var arguments = JsonNodeFactory.instance.objectNode().put("cmd", "true");
                arguments.set("timeout", timeout);
                var asked = Submission.of("anonymous", "ShellExec", arguments).build();

                assertThat(pipeline.jobs.rehearse(asked))
                        .isInstanceOfSatisfying(
                                Outcome.Failed.class,
                                failed -> assertThat(failed.type()).isEqualTo("invalid-arguments"));
            }
        }
    }

    private static long deadline(Pipeline pipeline, int timeout, Optional<Duration> deadline) {
        var arguments = JsonNodeFactory.instance.objectNode().put("cmd", "true").put("timeout", timeout);
        var asked = Submission.of("anonymous", "ShellExec", arguments)
                .deadline(deadline)
                .build();
        return pipeline.jobs.rehearse(asked).data().path("deadline_ms").asLong();
    }

    private static Submission submission(Optional<FenceTier> tier, int retries) {
        return Submission.of("anonymous", "Probe", JsonNodeFactory.instance.objectNode())
                .tier(tier)
                .retries(retries)
                .build();
    }
}
