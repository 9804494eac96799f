package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Snapshots as files: JSON, a line for each job, and a last line with the checksum of all before it. */
final class SnapshotFile {
    private static final String FORMAT = "ringfence-snapshot";
    private static final int VERSION = 1;

    private SnapshotFile() {}

    /** Writes a snapshot, durably. */
    static void write(DurableFiles files, Path file, Snapshot snapshot) throws IOException {
        var out = new ByteArrayOutputStream(1 << 16);
        line(out, head(snapshot));
        snapshot.live().forEach(job -> line(out, live(job)));
        for (var job : snapshot.ended()) {
            line(out, object().put("row", Base64.getEncoder().encodeToString(RowCodec.encode(job))));
        }
        line(out, object().put("crc32c", checksum(ByteBuffer.wrap(out.toByteArray()))));
        files.write(file, ByteBuffer.wrap(out.toByteArray()));
    }

    private static String checksum(ByteBuffer bytes) {
        return "%08x".formatted(Hashes.crc32c(bytes));
    }

    private static ObjectNode head(Snapshot snapshot) {
        var head = object().put("format", FORMAT)
                .put("version", VERSION)
                .put("sequence", snapshot.sequence())
                .put("sha256", HexFormat.of().formatHex(snapshot.link()))
                .put("first_sequence", snapshot.firstSequence())
                .put("live", snapshot.live().size())
                .put("ended", snapshot.ended().size());
        var index = head.putArray("index");
        snapshot.runs().forEach(run -> index.add(run.file().getFileName().toString()));
        return head;
    }

    private static ObjectNode live(JobRecord job) {
        var json = object().put("first", job.firstSequence()).put("last", job.lastSequence());
        switch (job.state()) {
            case JobState.Submitted(int attempts) -> json.put("attempts", attempts);
            case JobState.Started(Instant at, int attempts, @Nullable String tier) ->
                json.put("attempts", attempts)
                        .put("started_ms", at.toEpochMilli())
                        .put("tier", tier);
            case JobState.Ended _ -> throw new IllegalStateException(job.jobId() + " is not live");
        }
        json.set("submission", EventCodec.toJson(job.submission()));
        return json;
    }

    /**
     * Reads a snapshot, and opens the index's files that it names.
     *
     * @throws IOException if it is not whole, was written by another version, or misses a file
     */
    static Snapshot read(DurableFiles files, Path file, Path indexDirectory) throws IOException {
        try {
            return parse(files, files.read(file).array(), indexDirectory);
        } catch (IllegalArgumentException | DateTimeException | ArithmeticException | JournalException e) {
            throw new IOException("not a snapshot of this version: " + e.getMessage(), e);
        }
    }

    private static Snapshot parse(DurableFiles files, byte[] bytes, Path indexDirectory) throws IOException {
        var lines = lines(bytes);
        var last = lines.removeLast();
        if (!json(last).path("crc32c").asText().equals(checksum(ByteBuffer.wrap(bytes, 0, last.arrayOffset())))) {
            throw new IOException("its checksum is wrong");
        }
        var head = json(lines.removeFirst());
        if (!head.path("format").asText().equals(FORMAT) || head.path("version").asInt() != VERSION) {
            throw new IOException(
                    "it has version " + head.path("version").asText() + ", and this program reads " + VERSION);
        }
        int liveCount = head.path("live").asInt();
        var live = new ArrayList<JobRecord>();
        var ended = new ArrayList<JobSummary>();
        for (var line : lines) {
            if (live.size() < liveCount) {
                live.add(live(json(line)));
            } else {
                ended.add(RowCodec.decode(ByteBuffer.wrap(
                        Base64.getDecoder().decode(json(line).path("row").asText()))));
            }
        }
        if (live.size() != liveCount || ended.size() != head.path("ended").asInt()) {
            throw new IOException("it misses jobs");
        }
        var runs = new ArrayList<IndexRun>();
        for (var name : head.path("index")) {
            runs.add(IndexRun.open(files, indexDirectory.resolve(name.asText())));
        }
        return new Snapshot(
                head.required("sequence").longValue(),
                HexFormat.of().parseHex(head.path("sha256").asText()),
                head.required("first_sequence").longValue(),
                live,
                ended,
                runs);
    }

    private static JobRecord live(JsonNode json) throws IOException {
        var submission = EventCodec.fromJson(json.path("first").longValue(), json.path("submission"));
        if (!(submission instanceof JobEvent.Submitted submitted)) {
            throw new IOException("a job has no submission");
        }
        int attempts = json.path("attempts").intValue();
        var tier = json.path("tier").textValue();
        JobState state = json.hasNonNull("started_ms")
                ? new JobState.Started(
                        Instant.ofEpochMilli(json.path("started_ms").longValue()), attempts, tier)
                : new JobState.Submitted(attempts);
        return new JobRecord(
                submitted,
                state,
                json.path("first").longValue(),
                json.path("last").longValue());
    }

    /** Each line as a piece of the bytes. */
    private static List<ByteBuffer> lines(byte[] bytes) throws IOException {
        var lines = new ArrayList<ByteBuffer>();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                lines.add(ByteBuffer.wrap(bytes).slice(start, i - start));
                start = i + 1;
            }
        }
        if (lines.size() < 2 || start != bytes.length) {
            throw new IOException("it is not whole");
        }
        return lines;
    }

    private static JsonNode json(ByteBuffer line) throws IOException {
        return EventCodec.parse(line.array(), line.arrayOffset(), line.limit());
    }

    private static void line(ByteArrayOutputStream out, ObjectNode json) {
        out.writeBytes(EventCodec.bytes(json));
        out.write('\n');
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }
}
