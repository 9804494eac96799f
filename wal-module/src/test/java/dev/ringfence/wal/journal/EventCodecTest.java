package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventCodecTest {
    @Test
    void everyEventComesBackEqualAndItsTypeIsListed() {
        var types = new HashSet<String>();
        var withKey = new JobEvent.Submitted(
                "j", Events.AT, "a", "c", Events.DATA, "p", Duration.ofMillis(1), "the caller's key");
        for (var event : List.of(
                withKey,
                Events.submitted("j"),
                Events.started("j"),
                Events.completed("j"),
                Events.failed("j"),
                Events.timedOut("j"),
                Events.cancelled("j"),
                new JobEvent.Submitted(
                        "j", Events.AT, "a", "session", "c", Events.DATA, "p", Duration.ofMillis(1), null, 3),
                new JobEvent.Submitted(
                        "j",
                        Events.AT,
                        "a",
                        null,
                        "c",
                        Events.DATA,
                        "p",
                        Duration.ofMillis(1),
                        null,
                        0,
                        -3,
                        "landlock",
                        "the job before",
                        "operations",
                        true,
                        "key:3f9c0a41d2b7"),
                new Audited(Events.AT, "catalog_reloaded", null, null, null, null, null, 1),
                new Audited(Events.AT, "refused", "token", "::1", "a", "GET /api/v1/fence", "forbidden", 7),
                new JobEvent.Started("j", Events.AT, "namespaces"),
                new JobEvent.Completed("j", Events.AT, Events.DATA, List.of(Events.blob("stdout"))),
                new JobEvent.Failed("j", Events.AT, "r", "m", Events.DATA, List.of(Events.blob("stderr"))),
                new JobEvent.TimedOut(
                        "j", Events.AT, Duration.ofMillis(5), Events.DATA, List.of(Events.blob("stdout"))),
                new JobEvent.Cancelled("j", Events.AT, "r", Events.DATA, List.of(Events.blob("stdout"))),
                Events.validated("j"),
                new JobEvent.CommandExecuted("j", Events.AT, Events.DATA),
                new JobEvent.FenceDenied("j", Events.AT, "network.access_mode", "no"),
                new JobEvent.NetworkRefused("j", Events.AT, "example.org:443", "not allowed"),
                new JobEvent.OutputTruncated("j", Events.AT, "stdout", 5, 8_000_000_000L),
                Events.retried("j"),
                Events.rolledBack("j"),
                Events.interrupted("j"),
                new JobEvent.Interrupted("j", Events.AT, "r", Events.DATA))) {
            assertThat(decode(EventCodec.encode(event))).isEqualTo(event);
            types.add(event.type());
        }
        assertThat(types).containsExactlyInAnyOrderElementsOf(JournalEvent.TYPES);
    }

    @Test
    void theStoredNamesStayAsTheyAre() {
        assertThat(text(Events.submitted("j"))).isEqualTo("""
                        {"v":1,"type":"submitted","job_id":"j","at_ms":1772600767089,"agent":"agent-7",\
                        "capability":"FileRead","arguments":{"exit_code":0,"output":"grüße\\n"},"profile":"default",\
                        "deadline_ms":30000}""");
        assertThat(text(Events.timedOut("j"))).isEqualTo("""
                        {"v":1,"type":"timed_out","job_id":"j","at_ms":1772600767093,"limit_ms":1500,\
                        "data":{"exit_code":0,"output":"grüße\\n"}}""");
        assertThat(text(Events.failed("j")))
                .contains("\"reason\":\"model-file-not-found\",\"message\":\"No such model\"");
    }

    @Test
    void unknownFieldsOfLaterVersionsArePassedOver() {
        assertThat(decode("{\"v\":1,\"node\":{\"a\":[1]},\"type\":\"started\",\"job_id\":\"j\",\"at_ms\":1,\"x\":2}"))
                .isInstanceOf(JobEvent.Started.class);
    }

    @Test
    void anUnknownTypeIsNamedWithItsSequence() {
        assertThatThrownBy(() -> decode("{\"v\":1,\"type\":\"risen\",\"job_id\":\"j\",\"at_ms\":1}"))
                .isInstanceOf(JournalException.NotReadable.class)
                .hasMessage("Event 42 of the journal: its type \"risen\" is unknown."
                        + " Start the newer version that wrote it");
    }

    @Test
    void anUnknownTypeThatSaysItIsANoteIsKeptAsItIs() {
        var text = "{\"v\":1,\"type\":\"pondered\",\"job_id\":\"j\",\"at_ms\":1,\"note\":true,\"depth\":[7]}";
        assertThat(decode(text)).isInstanceOfSatisfying(JobEvent.Other.class, event -> {
            assertThat(event.type()).isEqualTo("pondered");
            assertThat(new JournalRecord(1, event).json().at("/depth/0").intValue())
                    .isEqualTo(7);
        });
    }

    @Test
    void aNewerSchemaIsRefusedWithBothVersions() {
        assertThatThrownBy(() -> decode("{\"v\":2,\"type\":\"started\",\"job_id\":\"j\",\"at_ms\":1}"))
                .isInstanceOf(JournalException.NotReadable.class)
                .hasMessageContaining("schema version 2; this program reads up to 1");
    }

    @Test
    void whatIsNoEventIsNamedWithItsSequence() {
        for (var text : List.of(
                "",
                "[]",
                "{",
                "null",
                "{\"v\":\"1\"}",
                "{\"v\":1,\"type\":7,\"job_id\":\"j\",\"at_ms\":1}",
                "{\"v\":1,\"type\":\"started\",\"job_id\":\"j\",\"at_ms\":1.5}",
                "{\"v\":1,\"type\":\"started\",\"job_id\":\"j\"}")) {
            assertThatThrownBy(() -> decode(text))
                    .as(text)
                    .isInstanceOf(JournalException.NotReadable.class)
                    .hasMessageContaining("42");
        }
    }

    @Test
    void halfACharacterInTheNameOfAFieldIsRefusedBeforeItIsWritten() {
        // Jackson writes such a name, and then cannot read it.
        for (var name : List.of("half \ud83d, more", "at the end \ud83d", "\ude00 low")) {
            var data = JsonNodeFactory.instance.objectNode().put(name, 1);
            assertThatThrownBy(() -> EventCodec.encode(new JobEvent.Completed("j", Events.AT, data)))
                    .isInstanceOf(JournalException.NotEncodable.class)
                    .hasMessageContaining("event completed of job j");
        }
    }

    @Test
    void halfACharacterInATextSurvives() {
        var event = new JobEvent.Completed("j", Events.AT, TextNode.valueOf("half \ud83d, whole \ud83d\ude00"));
        assertThat(decode(EventCodec.encode(event))).isEqualTo(event);
    }

    @Test
    void whatAParserOfRequestsAcceptsAsDeepestCanBeWrittenAndRead() {
        JsonNode deep = JsonNodeFactory.instance.objectNode();
        for (int i = 0; i < 1_000; i++) {
            deep = JsonNodeFactory.instance.arrayNode().add(deep);
        }
        var event = new JobEvent.Completed("j", Events.AT, deep);
        assertThat(EventCodec.encode(decode(EventCodec.encode(event)))).isEqualTo(EventCodec.encode(event));
    }

    @Test
    void whatIsTooDeepToWriteIsRefusedBeforeItIsWritten() {
        JsonNode deep = JsonNodeFactory.instance.objectNode();
        for (int i = 0; i < 5_000; i++) {
            deep = JsonNodeFactory.instance.arrayNode().add(deep);
        }
        var event = new JobEvent.Completed("j", Events.AT, deep);
        assertThatThrownBy(() -> EventCodec.encode(event)).isInstanceOf(JournalException.NotEncodable.class);
    }

    private static String text(JobEvent event) {
        return new String(EventCodec.encode(event), StandardCharsets.UTF_8);
    }

    private static JournalEvent decode(String text) {
        return decode(text.getBytes(StandardCharsets.UTF_8));
    }

    private static JournalEvent decode(byte[] bytes) {
        return EventCodec.decode(42, bytes, 0, bytes.length);
    }
}
