package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JobFoldTest {
    static final List<Function<String, JobEvent>> KINDS = List.of(
            Events::submitted,
            Events::started,
            Events::completed,
            Events::failed,
            Events::timedOut,
            Events::cancelled,
            Events::interrupted,
            Events::retried,
            Events::rolledBack,
            Events::validated);

    /** The rules once more, as a table, apart from the code. */
    private static final Map<String, Set<String>> LEGAL = Map.of(
            "unknown", Set.of("submitted"),
            "submitted", Set.of("started", "failed", "timed_out", "cancelled", "validated"),
            "started", Set.of("completed", "failed", "timed_out", "cancelled", "interrupted", "retried", "validated"),
            "completed", Set.of("rolled_back"),
            "failed", Set.of("rolled_back"),
            "timed_out", Set.of("rolled_back"),
            "cancelled", Set.of("rolled_back"),
            "interrupted", Set.of("rolled_back"));

    @Test
    void anyMixOfEventsFoldsAsTheTableOfLegalTransitionsSays() {
        for (int seed = 0; seed < 500; seed++) {
            var random = new Random(seed);
            var jobs = new HashMap<String, JobRecord>();
            for (int sequence = 1; sequence <= 60; sequence++) {
                var id = "job-" + random.nextInt(5);
                var event = KINDS.get(random.nextInt(KINDS.size())).apply(id);
                var before = jobs.get(id);
                var word = before == null ? "unknown" : before.state().word();
                word = isUndone(before) ? word + " and rolled_back" : word;
                var at = sequence;
                if (LEGAL.getOrDefault(word, Set.of()).contains(event.type())) {
                    var after = JobFold.apply(before, at, event);
                    assertThat(after.state().word()).as("seed %d", seed).isEqualTo(wordAfter(word, event));
                    assertThat(after.lastSequence()).isEqualTo(at);
                    assertThat(JobFold.apply(before, at, event)).isEqualTo(after);
                    jobs.put(id, after);
                } else {
                    var said = word;
                    assertThatThrownBy(() -> JobFold.apply(before, at, event))
                            .as("seed %d", seed)
                            .isInstanceOf(JournalException.IllegalTransition.class)
                            .hasMessage("Job " + id + " is " + said + ", so it cannot be " + event.type());
                }
            }
        }
    }

    private static boolean isUndone(@Nullable JobRecord job) {
        return job != null && job.state() instanceof JobState.Ended ended && ended.rolledBack() != null;
    }

    private static String wordAfter(String before, JobEvent event) {
        return switch (event) {
            case JobEvent.Note _, JobEvent.RolledBack _ -> before;
            case JobEvent.Retried _ -> "submitted";
            default -> event.type();
        };
    }

    @Test
    void anEndedJobKnowsItsSubmissionItsStartAndItsEnd() {
        var job = fold(Events.submitted("j"), Events.started("j"), Events.timedOut("j"));

        assertThat(job.jobId()).isEqualTo("j");
        assertThat(job.submission()).isEqualTo(Events.submitted("j"));
        assertThat(job.state())
                .isEqualTo(new JobState.Ended(Events.started("j").at(), 1, null, Events.timedOut("j"), 3, null));
        assertThat(job.firstSequence()).isEqualTo(1);
        assertThat(job.lastSequence()).isEqualTo(3);
    }

    @Test
    void aJobCancelledBeforeItsStartHasNoStart() {
        var job = fold(Events.submitted("j"), Events.cancelled("j"));
        assertThat(job.state()).isEqualTo(new JobState.Ended(null, 0, null, Events.cancelled("j"), 2, null));
    }

    @Test
    void anInterruptedAttemptThatIsRetriedIsCounted() {
        var job = fold(Events.submitted("j"), Events.started("j"), Events.retried("j"), Events.started("j"));
        assertThat(job.state())
                .isEqualTo(new JobState.Started(Events.started("j").at(), 2, null));
    }

    private static JobRecord fold(JobEvent... events) {
        var job = JobFold.apply(null, 1, events[0]);
        for (int i = 1; i < events.length; i++) {
            job = JobFold.apply(job, i + 1, events[i]);
        }
        return job;
    }
}
