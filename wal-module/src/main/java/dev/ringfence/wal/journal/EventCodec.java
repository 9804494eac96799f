package dev.ringfence.wal.journal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;

/**
 * Events as JSON in UTF-8, by hand, so that a renamed record component never changes what is stored. Fields that are not
 * known are passed over; a type or a schema version that is not known is an error.
 */
final class EventCodec {
    static final int SCHEMA = 1;

    private static final int MAX_DEPTH_WRITTEN = 4_000;

    /** What was written must be readable for ever, so reading allows more than writing, and far more than a request. */
    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(2 * MAX_DEPTH_WRITTEN)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .build())
            .streamWriteConstraints(StreamWriteConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH_WRITTEN)
                    .build())
            .build());

    private EventCodec() {}

    static byte[] encode(JobEvent event) {
        try {
            var bytes = MAPPER.writeValueAsBytes(toJson(event));
            requireReadable(bytes);
            return bytes;
        } catch (IOException e) {
            throw new JournalException.NotEncodable(event, e);
        }
    }

    /**
     * Not all that Jackson writes can it read again: half a character in the name of a field, for one. An event that
     * cannot be read would keep the service from ever starting again.
     */
    private static void requireReadable(byte[] bytes) throws IOException {
        try (var parser = MAPPER.createParser(bytes)) {
            while (parser.nextToken() != null) {
                parser.finishToken();
            }
        }
    }

    static JobEvent decode(long sequence, byte[] bytes, int offset, int length) {
        try {
            return fromJson(sequence, MAPPER.readTree(bytes, offset, length));
        } catch (IOException | IllegalArgumentException | DateTimeException | ArithmeticException e) {
            throw new JournalException.NotReadable(sequence, "not a valid event: " + e.getMessage(), e);
        }
    }

    private static ObjectNode toJson(JobEvent event) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("v", SCHEMA)
                .put("type", event.type())
                .put("job_id", event.jobId())
                .put("at_ms", event.at().toEpochMilli());
        switch (event) {
            case JobEvent.Submitted e -> {
                json.put("agent", e.agent()).put("capability", e.capability()).set("arguments", e.arguments());
                json.put("profile", e.profile()).put("deadline_ms", e.deadline().toMillis());
                if (e.idempotencyKey() != null) {
                    json.put("idempotency_key", e.idempotencyKey());
                }
            }
            case JobEvent.Started e -> {}
            case JobEvent.Completed e -> json.set("data", e.data());
            case JobEvent.Failed e ->
                json.put("reason", e.reason()).put("message", e.message()).set("data", e.data());
            case JobEvent.TimedOut e ->
                json.put("limit_ms", e.limit().toMillis()).set("data", e.data());
            case JobEvent.Cancelled e -> json.put("reason", e.reason()).set("data", e.data());
            case JobEvent.Interrupted e -> json.put("reason", e.reason());
        }
        return json;
    }

    private static JobEvent fromJson(long sequence, JsonNode json) {
        var version = json.required("v").intValue();
        if (version > SCHEMA) {
            throw new JournalException.NotReadable(
                    sequence,
                    "it has schema version " + version + "; this program reads up to " + SCHEMA
                            + ". Start the newer version that wrote it",
                    null);
        }
        var type = text(json, "type");
        var id = text(json, "job_id");
        var at = Instant.ofEpochMilli(number(json, "at_ms"));
        return switch (type) {
            case "submitted" ->
                new JobEvent.Submitted(
                        id,
                        at,
                        text(json, "agent"),
                        text(json, "capability"),
                        json.required("arguments"),
                        text(json, "profile"),
                        Duration.ofMillis(number(json, "deadline_ms")),
                        json.hasNonNull("idempotency_key") ? text(json, "idempotency_key") : null);
            case "started" -> new JobEvent.Started(id, at);
            case "completed" -> new JobEvent.Completed(id, at, json.required("data"));
            case "failed" ->
                new JobEvent.Failed(id, at, text(json, "reason"), text(json, "message"), json.required("data"));
            case "timed_out" ->
                new JobEvent.TimedOut(id, at, Duration.ofMillis(number(json, "limit_ms")), json.required("data"));
            case "cancelled" -> new JobEvent.Cancelled(id, at, text(json, "reason"), json.required("data"));
            case "interrupted" -> new JobEvent.Interrupted(id, at, text(json, "reason"));
            default ->
                throw new JournalException.NotReadable(
                        sequence, "its type \"" + type + "\" is unknown. Start the newer version that wrote it", null);
        };
    }

    private static String text(JsonNode json, String field) {
        var value = json.required(field);
        if (!value.isTextual()) {
            throw new IllegalArgumentException(field + " is not a string");
        }
        return value.textValue();
    }

    private static long number(JsonNode json, String field) {
        var value = json.required(field);
        if (!value.canConvertToExactIntegral()) {
            throw new IllegalArgumentException(field + " is not a whole number");
        }
        return value.longValue();
    }
}
