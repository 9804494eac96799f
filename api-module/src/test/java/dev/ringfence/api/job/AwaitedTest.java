package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.smallrye.mutiny.subscription.Cancellable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AwaitedTest {
    private final Awaited<String> awaited = new Awaited<>();
    private final List<String> heard = new ArrayList<>();

    @TempDir
    Path directory;

    private Cancellable wait(String who) {
        return awaited.whenThere()
                .subscribe()
                .with(item -> heard.add(who + " " + item), failure -> heard.add(who + " " + failure.getMessage()));
    }

    /** Each poll of a client that asked again and again was kept until the job ended. */
    @Test
    void whoGivesUpWaitingLeavesNothingBehind() {
        for (int i = 0; i < 100; i++) {
            wait("gone").cancel();
        }
        wait("there");
        assertThat(awaited.waiting()).isEqualTo(1);

        awaited.complete("now");
        assertThat(heard).containsExactly("there now");
        assertThat(awaited.waiting()).isZero();
    }

    @Test
    void whoWaitsForAJobsEndAndGivesUpLeavesNothingBehind() {
        var probe = Probe.heldByTheTest();
        try (var pipeline = Pipeline.open(directory, probe)) {
            var job = pipeline.submit(null, JsonNodeFactory.instance.objectNode());
            for (int i = 0; i < 100; i++) {
                job.ended().subscribe().with(_ -> {}).cancel();
            }
            assertThat(job.waiting()).isZero();

            probe.started(job.id()).complete();
            assertThat(pipeline.end(job).state()).isEqualTo(JobView.State.COMPLETED);
        }
    }

    @Test
    void whatCameFirstIsToldToAllAndToWhoComesLater() {
        wait("early");
        awaited.complete("first");
        awaited.complete("second");
        awaited.fail(new IllegalStateException("third"));
        wait("late");

        assertThat(heard).containsExactly("early first", "late first");
    }

    @Test
    void whatWillNeverComeIsToldToAllAndToWhoComesLater() {
        wait("early");
        awaited.fail(new IllegalStateException("broken"));

        assertThat(heard).containsExactly("early broken");
        assertThatThrownBy(() -> awaited.whenThere().await().indefinitely()).hasMessage("broken");
    }
}
