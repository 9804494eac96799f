package dev.ringfence.api.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(WholeService.class)
class EventsTest {
    @Test
    void eventsComeInOrderWithTheirNumbersUpToTheEnd() {
        var id = Api.submit(Api.shell("echo one; echo two >&2"));
        try (var stream = EventStream.watch(id)) {
            var events = stream.all();

            assertThat(events)
                    .extracting(EventStream.Event::name)
                    .containsExactly("submitted", "started", "output", "output", "completed");
            assertThat(events).extracting(EventStream.Event::id).containsExactly("1", "2", "3", "4", "5");
            // Two pipes are read, and nothing says which of them first.
            assertThat(events.subList(2, 4))
                    .extracting(event -> event.data().path("channel").asText() + ": "
                            + event.data().path("text").asText())
                    .containsExactlyInAnyOrder("stdout: one\n", "stderr: two\n");
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

        given().header("Prefer", "wait=120").get(Api.JOBS + "/" + id);

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

    @Test
    void eventsCanBeAskedForPageByPage() {
        var id = Api.run(Api.shell("echo one")).getString("id");

        var first = page(id, "?limit=2", "");
        var rest = page(id, "?after=" + first.getString("next"), "");

        assertThat(first.getList("events.event")).containsExactly("submitted", "started");
        assertThat(first.getBoolean("ended")).isFalse();
        assertThat(rest.getList("events.event")).containsExactly("output", "completed");
        assertThat(rest.getList("events.sequence")).containsExactly(3, 4);
        assertThat(rest.getBoolean("ended")).isTrue();
    }

    @Test
    void aLongPollAnswersWhenSomethingHappensAndNotBefore() {
        var id = Api.submit(Api.shell("sleep 300"));
        Api.awaitState(id, "started");

        var nothing = page(id, "?after=2", "");
        var waiting = CompletableFuture.supplyAsync(() -> page(id, "?after=2", "wait=120"));
        Api.cancel(id);

        assertThat(nothing.getList("events")).isEmpty();
        assertThat(nothing.getString("next")).isEqualTo("2");
        assertThat(waiting.join().getList("events")).isNotEmpty();
    }

    @Test
    void whoSaysNoFormGetsAStream() {
        var id = Api.run(Api.shell("true")).getString("id");

        given().get(Api.JOBS + "/" + id + "/events").then().statusCode(200).contentType("text/event-stream");
    }

    @Test
    void aWishToWaitForNothingIsNoWish() {
        var id = Api.run(Api.shell("true")).getString("id");

        assertThat(page(id, "", "wait=0").getBoolean("ended")).isTrue();
        Api.sending(Api.shell("true").toString())
                .header("Prefer", "wait=0")
                .post(Api.JOBS)
                .then()
                .statusCode(202);
    }

    private static JsonPath page(String id, String query, String prefer) {
        return given().accept("application/json")
                .header("Prefer", prefer)
                .get(Api.JOBS + "/" + id + "/events" + query)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
    }
}
