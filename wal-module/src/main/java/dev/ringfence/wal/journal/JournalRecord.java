package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Objects;

/**
 * An event as it stands in the journal.
 *
 * @param sequence its place: 1 for the first, then without gaps
 */
public record JournalRecord(long sequence, JournalEvent event) {
    public JournalRecord {
        Objects.requireNonNull(event);
    }

    /** The event as one JSON object, with the names that operators see. */
    public ObjectNode json() {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("seq", sequence)
                .put("ts", event.at().toString())
                .put("type", event.type());
        if (event instanceof JobEvent ofJob) {
            json.put("job", ofJob.jobId());
        }
        var stored = event instanceof JobEvent.Other other ? other.json() : EventCodec.toJson(event);
        for (var field : stored.properties()) {
            switch (field.getKey()) {
                case "v", "type", "job_id", "at_ms", "note" -> {}
                case "data" -> json.set("output", field.getValue());
                case "reason" -> json.set(event instanceof JobEvent.Failed ? "error" : "message", field.getValue());
                default -> json.set(field.getKey(), field.getValue());
            }
        }
        return json;
    }
}
