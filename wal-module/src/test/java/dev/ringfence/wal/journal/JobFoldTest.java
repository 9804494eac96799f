package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class JobFoldTest {
    private static final List<Function<String, JobEvent>> KINDS = List.of(
            Events::submitted,
            Events::started,
            Events::completed,
            Events::failed,
            Events::timedOut,
            Events::cancelled,
            Events::interrupted);

    /** The rules once more, as a table, apart from the code. */
    private static final Map<String, Set<String>> LEGAL = Map.of(
            "unknown", Set.of("submitted"),
            "submitted", Set.of("started", "failed", "timed_out", "cancelled"),
            "started", Set.of("completed", "failed", "timed_out", "cancelled", "interrupted"));

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
                var at = sequence;
                if (LEGAL.getOrDefault(word, Set.of()).contains(event.type())) {
                    var after = JobFold.apply(before, at, event);
                    assertThat(after.state().word()).as("seed %d", seed).isEqualTo(event.type());
                    assertThat(after.lastSequence()).isEqualTo(at);
                    assertThat(JobFold.apply(before, at, event)).isEqualTo(after);
                    jobs.put(id, after);
                } else {
                    assertThatThrownBy(() -> JobFold.apply(before, at, event))
                            .as("seed %d", seed)
                            .isInstanceOf(JournalException.IllegalTransition.class)
                            .hasMessage("Job " + id + " is " + word + ", so it cannot be " + event.type());
                }
            }
        }
    }

    @Test
    void anEndedJobKnowsItsSubmissionItsStartAndItsEnd() {
        var job = fold(Events.submitted("j"), Events.started("j"), Events.timedOut("j"));

        assertThat(job.jobId()).isEqualTo("j");
        assertThat(job.submission()).isEqualTo(Events.submitted("j"));
        assertThat(job.state())
                .isEqualTo(new JobState.TimedOut(Events.started("j").at(), Events.timedOut("j")));
        assertThat(job.firstSequence()).isEqualTo(1);
        assertThat(job.lastSequence()).isEqualTo(3);
    }

    @Test
    void aJobCancelledBeforeItsStartHasNoStart() {
        var job = fold(Events.submitted("j"), Events.cancelled("j"));
        assertThat(job.state()).isEqualTo(new JobState.Cancelled(null, Events.cancelled("j")));
    }

    @Test
    void ofEndedJobsOnlyTheNewestAreKeptButOfLiveOnesAll() {
        var fold = new JournalFold(3, Long.MAX_VALUE);
        feed(fold, lives(10, true));
        assertThat(fold.jobs())
                .extracting(JobRecord::jobId)
                .containsExactly(
                        "live-0", "live-1", "live-2", "live-3", "live-4", "live-5", "live-6", "job-7", "live-7",
                        "job-8", "live-8", "job-9", "live-9");
    }

    @Test
    void endedJobsAreAlsoBoundedInBytes() {
        var one = EventRecord.of(Events.submitted("job-0"), 1 << 20).size()
                + EventRecord.of(Events.cancelled("job-0"), 1 << 20).size();
        var fold = new JournalFold(1_000, 2L * one);
        feed(fold, lives(10, false));
        assertThat(fold.jobs()).extracting(JobRecord::jobId).containsExactly("job-8", "job-9");
    }

    private static JobRecord fold(JobEvent... events) {
        var job = JobFold.apply(null, 1, events[0]);
        for (int i = 1; i < events.length; i++) {
            job = JobFold.apply(job, i + 1, events[i]);
        }
        return job;
    }

    private static List<JobEvent> lives(int count, boolean live) {
        var events = new ArrayList<JobEvent>();
        for (int i = 0; i < count; i++) {
            events.add(Events.submitted("job-" + i));
            if (live) {
                events.add(Events.submitted("live-" + i));
            }
            events.add(Events.cancelled("job-" + i));
        }
        return events;
    }

    private static void feed(JournalFold fold, List<JobEvent> events) {
        var previous = new byte[0];
        for (int i = 0; i < events.size(); i++) {
            previous = EventRecord.of(events.get(i), 1 << 20).after(previous);
            fold.accept(i + 1, Events.AT, previous);
        }
    }
}
