package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** All slots are held by jobs that only a cancellation ends. */
@QuarkusTest
@TestProfile(WholeService.LittleRoom.class)
class LittleRoomTest {
    private final List<String> jobs = new ArrayList<>();

    @BeforeEach
    void holdTheSlots() {
        for (int i = 0; i < WholeService.LittleRoom.SLOTS; i++) {
            var id = Api.submit(Api.shell("sleep 300"));
            jobs.add(id);
            Api.awaitState(id, "started");
        }
    }

    @AfterEach
    void release() {
        jobs.forEach(Api::cancel);
    }

    @Test
    void aWaitingJobCanBeCancelledAndHasNeverStarted() {
        var id = Api.submit(Api.shell("sleep 300"));
        assertThat(Api.state(id)).isEqualTo("submitted");

        var job = Api.cancel(id);

        assertThat(job.getString("state")).isEqualTo("cancelled");
        assertThat(job.getString("started_at")).isNull();
        assertThat(jobs).allSatisfy(running -> assertThat(Api.state(running)).isEqualTo("started"));
    }

    @Test
    void whenTheQueueIsFullTheNextIsRefusedUntilThereIsRoom() {
        for (int i = 0; i < WholeService.LittleRoom.QUEUE; i++) {
            jobs.add(Api.submit(Api.shell("sleep 300")));
        }

        var refused = Api.isProblem(
                        Api.sending(Api.shell("true").toString()).post(Api.JOBS).then(), 503, "saturated")
                .extract();

        assertThat(Integer.parseInt(refused.header("Retry-After"))).isPositive();
        Api.cancel(jobs.getLast());
        jobs.add(Api.submit(Api.shell("true")));
    }

    @Test
    void aWaitingJobRunsWhenASlotIsFree() {
        var id = Api.submit(Api.shell("echo my turn"));

        Api.cancel(jobs.getFirst());

        Api.awaitState(id, "completed");
    }
}
