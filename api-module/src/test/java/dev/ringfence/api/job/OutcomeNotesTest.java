package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.wal.journal.JobEvent;
import org.junit.jupiter.api.Test;

class OutcomeNotesTest {
    private final ObjectNode data = JsonNodeFactory.instance.objectNode();

    @Test
    void eachDestinationThatWasRefusedIsNotedOnceAndTheirNumberIsBounded() {
        var refusals = data.putObject("network").putArray("refusals");
        for (int i = 0; i < 100; i++) {
            refusals.addObject().put("destination", "host-" + i / 2 + ":80").put("reason", "it is not listed");
        }

        var notes = OutcomeNotes.of("j", new Outcome.Completed(data));

        assertThat(notes).hasSize(OutcomeNotes.MOST_DESTINATIONS);
        assertThat(notes.getFirst()).isInstanceOfSatisfying(JobEvent.NetworkRefused.class, note -> {
            assertThat(note.destination()).isEqualTo("host-0:80");
            assertThat(note.message()).isEqualTo("it is not listed");
        });
    }

    @Test
    void aLimitThatWasHitIsNotedAndACutOutputOnlyAsSuch() {
        data.put("stdout_truncated", true).put("stdout_kept_bytes", 10).put("stdout_bytes", 25);
        var limits = data.putArray("limits_hit");
        limits.addObject()
                .put("field", "output.stdout")
                .put("limit", "10 bytes")
                .put("observed", "25 bytes");
        limits.addObject()
                .put("field", "resources.max_memory_mb")
                .put("limit", "64 bytes")
                .put("observed", "65 bytes");

        var notes = OutcomeNotes.of("j", new Outcome.Completed(data));

        assertThat(notes).extracting(JobEvent::type).containsExactly("fence_denied", "output_truncated");
        assertThat(((JobEvent.FenceDenied) notes.getFirst()).field()).isEqualTo("resources.max_memory_mb");
        assertThat(((JobEvent.FenceDenied) notes.getFirst()).message())
                .isEqualTo("limit: 64 bytes; observed: 65 bytes");
        assertThat(((JobEvent.OutputTruncated) notes.getLast()).total()).isEqualTo(25);
    }

    @Test
    void aFenceThatCouldNotBeBuiltIsNotedWithTheField() {
        data.put("field", "resources.gpu_access");

        var notes = OutcomeNotes.of("j", new Outcome.Failed("fence-refused", "there is no GPU", data));

        assertThat(notes)
                .singleElement()
                .isInstanceOfSatisfying(
                        JobEvent.FenceDenied.class,
                        note -> assertThat(note.field()).isEqualTo("resources.gpu_access"));
    }

    @Test
    void workThatKeptToItsFenceIsNotNoted() {
        assertThat(OutcomeNotes.of("j", new Outcome.Completed(data))).isEmpty();
    }
}
