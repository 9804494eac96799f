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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Events as JSON in UTF-8, by hand, so that a renamed record component never changes what is stored. Fields that are not
 * known are passed over. So is a type that is not known, if its event says that it is a note: it changes nothing about
 * where the job stands. Any other unknown type, and a higher schema version, is an error: it might be a job's end.
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

    static byte[] encode(JournalEvent event) {
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

    static JournalEvent decode(long sequence, byte[] bytes, int offset, int length) {
        try {
            return fromJson(sequence, MAPPER.readTree(bytes, offset, length));
        } catch (IOException | IllegalArgumentException | DateTimeException | ArithmeticException e) {
            throw new JournalException.NotReadable(sequence, "not a valid event: " + e.getMessage(), e);
        }
    }

    /** As it is stored; of an event of a later version, what was read. */
    static ObjectNode toJson(JournalEvent event) {
        var json = JsonNodeFactory.instance.objectNode().put("v", SCHEMA).put("type", event.type());
        if (event instanceof JobEvent ofJob) {
            json.put("job_id", ofJob.jobId());
        }
        json.put("at_ms", event.at().toEpochMilli());
        if (event instanceof JobEvent.Note) {
            json.put("note", true);
        }
        switch (event) {
            case Audited e -> audited(json, e);
            case JobEvent.Submitted e -> submitted(json, e);
            case JobEvent.Validated _ -> {}
            case JobEvent.Started e -> putIfThere(json, "tier", e.tier());
            case JobEvent.CommandExecuted e -> json.set("data", e.data());
            case JobEvent.FenceDenied e -> json.put("field", e.field()).put("message", e.message());
            case JobEvent.NetworkRefused e ->
                json.put("destination", e.destination()).put("message", e.message());
            case JobEvent.OutputTruncated e ->
                json.put("channel", e.channel()).put("kept", e.kept()).put("total", e.total());
            case JobEvent.Other e ->
                throw new IllegalArgumentException("an event of a later version is only read: " + e.type());
            case JobEvent.Retried e -> json.put("reason", e.reason()).put("attempt", e.attempt());
            case JobEvent.Completed e -> json.set("data", e.data());
            case JobEvent.Failed e ->
                json.put("reason", e.reason()).put("message", e.message()).set("data", e.data());
            case JobEvent.TimedOut e ->
                json.put("limit_ms", e.limit().toMillis()).set("data", e.data());
            case JobEvent.Cancelled e -> json.put("reason", e.reason()).set("data", e.data());
            case JobEvent.Interrupted e -> {
                json.put("reason", e.reason());
                if (e.data() != null) {
                    json.set("data", e.data());
                }
            }
            case JobEvent.RolledBack e -> json.put("by", e.by()).set("data", e.data());
        }
        if (event instanceof JobEvent.End end && !end.blobs().isEmpty()) {
            var array = json.putArray("blobs");
            end.blobs()
                    .forEach(blob -> array.addObject()
                            .put("name", blob.name())
                            .put("sha256", blob.sha256())
                            .put("length", blob.length()));
        }
        return json;
    }

    private static void submitted(ObjectNode json, JobEvent.Submitted e) {
        json.put("agent", e.agent());
        putIfThere(json, "session", e.session());
        json.put("capability", e.capability()).set("arguments", e.arguments());
        json.put("profile", e.profile()).put("deadline_ms", e.deadline().toMillis());
        putIfThere(json, "idempotency_key", e.idempotencyKey());
        if (e.retries() > 0) {
            json.put("retries", e.retries());
        }
        if (e.priority() != 0) {
            json.put("priority", e.priority());
        }
        putIfThere(json, "tier", e.tier());
        putIfThere(json, "retry_of", e.retryOf());
        putIfThere(json, "webhook", e.webhook());
        if (e.attended()) {
            json.put("attended", true);
        }
        putIfThere(json, "by", e.by());
    }

    private static void audited(ObjectNode json, Audited e) {
        json.put("action", e.action());
        putIfThere(json, "by", e.by());
        putIfThere(json, "from", e.from());
        putIfThere(json, "agent", e.agent());
        putIfThere(json, "target", e.target());
        putIfThere(json, "detail", e.detail());
        if (e.count() > 1) {
            json.put("count", e.count());
        }
    }

    private static void putIfThere(ObjectNode json, String field, @Nullable String value) {
        if (value != null) {
            json.put(field, value);
        }
    }

    /** @throws IOException if it is no JSON */
    static JsonNode parse(byte[] bytes, int offset, int length) throws IOException {
        return MAPPER.readTree(bytes, offset, length);
    }

    /** @throws IllegalArgumentException if it is too deep */
    static byte[] bytes(JsonNode json) {
        try {
            return MAPPER.writeValueAsBytes(json);
        } catch (IOException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    static JournalEvent fromJson(long sequence, JsonNode json) {
        var version = json.required("v").intValue();
        if (version > SCHEMA) {
            throw new JournalException.NotReadable(
                    sequence,
                    "it has schema version " + version + "; this program reads up to " + SCHEMA
                            + ". Start the newer version that wrote it",
                    null);
        }
        var type = text(json, "type");
        var at = Instant.ofEpochMilli(number(json, "at_ms"));
        return type.equals(Audited.TYPE) ? audited(at, json) : ofJob(sequence, type, at, json);
    }

    private static Audited audited(Instant at, JsonNode json) {
        return new Audited(
                at,
                text(json, "action"),
                textOrNull(json, "by"),
                textOrNull(json, "from"),
                textOrNull(json, "agent"),
                textOrNull(json, "target"),
                textOrNull(json, "detail"),
                json.hasNonNull("count") ? number(json, "count") : 1);
    }

    private static JobEvent ofJob(long sequence, String type, Instant at, JsonNode json) {
        var id = text(json, "job_id");
        return switch (type) {
            case "submitted" ->
                new JobEvent.Submitted(
                        id,
                        at,
                        text(json, "agent"),
                        textOrNull(json, "session"),
                        text(json, "capability"),
                        json.required("arguments"),
                        text(json, "profile"),
                        Duration.ofMillis(number(json, "deadline_ms")),
                        textOrNull(json, "idempotency_key"),
                        numberOrZero(json, "retries"),
                        numberOrZero(json, "priority"),
                        textOrNull(json, "tier"),
                        textOrNull(json, "retry_of"),
                        textOrNull(json, "webhook"),
                        json.path("attended").booleanValue(),
                        textOrNull(json, "by"));
            case "validated" -> new JobEvent.Validated(id, at);
            case "started" -> new JobEvent.Started(id, at, textOrNull(json, "tier"));
            case "command_executed" -> new JobEvent.CommandExecuted(id, at, json.required("data"));
            case "fence_denied" -> new JobEvent.FenceDenied(id, at, text(json, "field"), text(json, "message"));
            case "network_refused" ->
                new JobEvent.NetworkRefused(id, at, text(json, "destination"), text(json, "message"));
            case "output_truncated" ->
                new JobEvent.OutputTruncated(
                        id, at, text(json, "channel"), number(json, "kept"), number(json, "total"));
            case "retried" ->
                new JobEvent.Retried(id, at, text(json, "reason"), Math.toIntExact(number(json, "attempt")));
            case "completed" -> new JobEvent.Completed(id, at, json.required("data"), blobs(json));
            case "failed" ->
                new JobEvent.Failed(
                        id, at, text(json, "reason"), text(json, "message"), json.required("data"), blobs(json));
            case "timed_out" ->
                new JobEvent.TimedOut(
                        id, at, Duration.ofMillis(number(json, "limit_ms")), json.required("data"), blobs(json));
            case "cancelled" ->
                new JobEvent.Cancelled(id, at, text(json, "reason"), json.required("data"), blobs(json));
            case "interrupted" -> new JobEvent.Interrupted(id, at, text(json, "reason"), json.get("data"));
            case "rolled_back" -> new JobEvent.RolledBack(id, at, text(json, "by"), json.required("data"));
            default -> {
                if (json.path("note").booleanValue()) {
                    yield new JobEvent.Other(id, at, type, json);
                }
                throw new JournalException.NotReadable(
                        sequence, "its type \"" + type + "\" is unknown. Start the newer version that wrote it", null);
            }
        };
    }

    private static List<BlobRef> blobs(JsonNode json) {
        var blobs = new ArrayList<BlobRef>();
        for (var blob : json.path("blobs")) {
            blobs.add(new BlobRef(text(blob, "name"), text(blob, "sha256"), number(blob, "length")));
        }
        return blobs;
    }

    private static @Nullable String textOrNull(JsonNode json, String field) {
        return json.hasNonNull(field) ? text(json, field) : null;
    }

    private static String text(JsonNode json, String field) {
        var value = json.required(field);
        if (!value.isTextual()) {
            throw new IllegalArgumentException(field + " is not a string");
        }
        return value.textValue();
    }

    private static int numberOrZero(JsonNode json, String field) {
        return json.hasNonNull(field) ? Math.toIntExact(number(json, field)) : 0;
    }

    private static long number(JsonNode json, String field) {
        var value = json.required(field);
        if (!value.canConvertToExactIntegral()) {
            throw new IllegalArgumentException(field + " is not a whole number");
        }
        return value.longValue();
    }
}
