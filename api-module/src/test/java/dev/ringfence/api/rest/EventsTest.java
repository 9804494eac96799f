package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(WholeService.class)
class EventsTest {
    @Test
    void eventsComeInOrderWithTheirNumbersUpToTheEnd() {
        var id = Api.submit(Api.shell("echo one; sleep 0.3; echo two >&2"));
        try (var stream = EventStream.watch(id)) {
            var events = stream.all();

            assertThat(events)
                    .extracting(EventStream.Event::name)
                    .containsExactly("submitted", "started", "output", "output", "completed");
            assertThat(events).extracting(EventStream.Event::id).containsExactly("1", "2", "3", "4", "5");
            assertThat(events.get(2).data().path("channel").asText()).isEqualTo("stdout");
            assertThat(events.get(2).data().path("text").asText()).isEqualTo("one\n");
            assertThat(events.get(3).data().path("channel").asText()).isEqualTo("stderr");
            assertThat(events.getLast().data().at("/job/result/stdout").asText())
                    .isEqualTo("one\n");
            assertThat(events).allSatisfy(event -> {
                assertThat(event.data().path("sequence").asText()).isEqualTo(event.id());
                assertThat(event.data().path("at").asText()).isNotEmpty();
            });
        }
    }

    @Test
    void outputIsToldWhileTheJobRuns() {
        try (var stream = EventStream.submit(Api.shell("echo early; sleep 60").toString())) {
            var output = stream.until("output");

            assertThat(output.data().path("text").asText()).isEqualTo("early\n");
        }
    }

    @Test
    void aWatcherGoesOnWhereItLeftOff() {
        var id = Api.run(Api.shell("echo one")).getString("id");

        try (var byQuery = EventStream.watch(id, "?after=2", "");
                var byHeader = EventStream.watch(id, "", "Last-Event-ID: 3\r\n")) {
            assertThat(byQuery.all()).extracting(EventStream.Event::id).containsExactly("3", "4");
            assertThat(byHeader.all()).extracting(EventStream.Event::name).containsExactly("completed");
        }
    }

    @Test
    void whoAsksForWhatComesAfterTheEndIsToldTheEnd() {
        var id = Api.run(Api.shell("true")).getString("id");

        try (var stream = EventStream.watch(id, "", "Last-Event-ID: 3\r\n")) {
            assertThat(stream.all()).extracting(EventStream.Event::name).containsExactly("completed");
        }
    }

    @Test
    void aWatcherThatHangsUpLeavesTheJob() {
        var id = Api.submit(Api.shell("echo watched; sleep 1; echo done"));
        try (var stream = EventStream.watch(id)) {
            stream.until("output");
        }

        given().header("Prefer", "wait=20").get(Api.JOBS + "/" + id);

        assertThat(Api.state(id)).isEqualTo("completed");
    }

    @Test
    void hangingUpOnAStreamedSubmissionEndsTheJobAndItsProcesses() {
        var rare = Api.rareDuration();
        String id;
        try (var stream =
                EventStream.submit(Api.shell("echo running; sleep " + rare).toString())) {
            id = stream.next().data().at("/job/id").asText();
            stream.until("output");
            await().until(() -> !Api.processes("sleep " + rare).isEmpty());
        }

        Api.awaitState(id, "cancelled");
        assertThat(Api.processes("sleep " + rare)).isEmpty();
    }

    @Test
    void twoWatchersSeeTheSame() {
        var id = Api.submit(Api.shell("for i in 1 2 3 4 5; do echo $i; sleep 0.05; done"));
        try (var one = EventStream.watch(id);
                var other = EventStream.watch(id)) {
            assertThat(one.all()).isEqualTo(other.all()).hasSizeGreaterThan(3);
        }
    }
}
