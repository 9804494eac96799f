package dev.ringfence.api.journal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.journal.JournalStats;
import dev.ringfence.wal.journal.JournalVerifier.Verdict;
import dev.ringfence.wal.map.MapVerifier;
import java.util.Map;

/** What was found out about a journal, as JSON. */
public final class Verdicts {
    private Verdicts() {}

    /** Whether it is intact, and if not, where it is not. */
    public static ObjectNode json(Verdict verdict) {
        var json = JsonNodeFactory.instance.objectNode();
        return switch (verdict) {
            case Verdict.Intact intact ->
                json.put("intact", true)
                        .put("first_sequence", intact.firstSequence())
                        .put("last_sequence", intact.lastSequence())
                        .put("anchor_sha256", intact.anchor())
                        .put("head_sha256", intact.head())
                        .put("named_outputs", intact.blobs())
                        .put("named_output_bytes", intact.blobBytes());
            case Verdict.OutputsLost lost -> json(json, lost);
            case Verdict.Broken broken ->
                json.put("intact", false)
                        .put("sequence", broken.sequence())
                        .put("file", broken.file().toString())
                        .put("offset", broken.offset())
                        .put("what", broken.what());
            // Neither intact nor not: the rest is for the newer version to prove.
            case Verdict.NewerVersion newer ->
                json.put("newer_version", true)
                        .put("sequence", newer.sequence())
                        .put("file", newer.file().toString())
                        .put("offset", newer.offset())
                        .put("what", newer.what());
            case Verdict.Stopped stopped -> json.put("stopped_at", stopped.sequence());
        };
    }

    private static ObjectNode json(ObjectNode json, Verdict.OutputsLost lost) {
        json.put("intact", false)
                .put("first_sequence", lost.firstSequence())
                .put("last_sequence", lost.lastSequence())
                .put("anchor_sha256", lost.anchor())
                .put("head_sha256", lost.head())
                .put(
                        "what",
                        lost.lost() == 0
                                ? "every event is what was written, but outputs that some of them name cannot be read"
                                : "every event is what was written, but outputs that some of them name are not")
                .put("lost_outputs", lost.lost());
        if (lost.unreadable() > 0) {
            json.put("unreadable_outputs", lost.unreadable());
        }
        var outputs = json.putArray("outputs");
        lost.outputs()
                .forEach(output -> outputs.addObject()
                        .put("sequence", output.sequence())
                        .put("job", output.jobId())
                        .put("file", output.file().toString())
                        .put("what", output.what()));
        return json;
    }

    /** Whether a log beside it is intact, and if not, where it is not. */
    static ObjectNode json(MapVerifier.Verdict verdict) {
        var json = JsonNodeFactory.instance.objectNode();
        return switch (verdict) {
            case MapVerifier.Verdict.Intact intact -> json.put("intact", true).put("entries", intact.entries());
            case MapVerifier.Verdict.Broken broken ->
                json.put("intact", false)
                        .put("file", broken.file().toString())
                        .put("offset", broken.offset())
                        .put("what", broken.what());
            case MapVerifier.Verdict.Stopped _ -> json;
        };
    }

    /** What is in it. */
    public static ObjectNode json(JournalStats stats) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("first_sequence", stats.firstSequence())
                .put("last_sequence", stats.lastSequence());
        if (stats.oldest() != null && stats.newest() != null) {
            json.put("oldest", stats.oldest().toString());
            json.put("newest", stats.newest().toString());
        }
        counts(json.putObject("events"), stats.events());
        counts(json.putObject("submissions"), stats.submissions());
        counts(json.putObject("live_jobs"), stats.live());
        return json.put("blobs", stats.blobs()).put("blob_bytes", stats.blobBytes());
    }

    private static void counts(ObjectNode json, Map<String, Long> counts) {
        counts.forEach(json::put);
    }
}
