package dev.ringfence.api.job;

import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.wal.journal.JobEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * What an auditor wants to find in the journal without looking into results: what the fence kept the work from, and what
 * of its output is missing. Pure.
 */
final class OutcomeNotes {
    /** Destinations that are noted one by one; the result has more. */
    static final int MOST_DESTINATIONS = 20;

    private OutcomeNotes() {}

    static List<JobEvent.Note> of(String jobId, Outcome outcome) {
        var notes = new ArrayList<JobEvent.Note>();
        var now = Instant.now();
        var data = outcome.data();
        if (outcome instanceof Outcome.Failed failed && failed.type().equals("fence-refused")) {
            notes.add(new JobEvent.FenceDenied(jobId, now, data.path("field").asText(), failed.message()));
        }
        data.path("programs").forEach(program -> notes.add(new JobEvent.CommandExecuted(jobId, now, program)));
        for (var hit : data.path("limits_hit")) {
            var field = hit.path("field").asText();
            if (!field.startsWith("output.")) {
                notes.add(new JobEvent.FenceDenied(
                        jobId,
                        now,
                        field,
                        "limit: " + hit.path("limit").asText() + "; observed: "
                                + hit.path("observed").asText()));
            }
        }
        var refusals = new LinkedHashMap<String, String>();
        for (var refusal : data.path("network").path("refusals")) {
            if (refusals.size() < MOST_DESTINATIONS) {
                refusals.putIfAbsent(
                        refusal.path("destination").asText(),
                        refusal.path("reason").asText());
            }
        }
        refusals.forEach(
                (destination, reason) -> notes.add(new JobEvent.NetworkRefused(jobId, now, destination, reason)));
        for (var channel : List.of("stdout", "stderr")) {
            if (data.path(channel + "_truncated").booleanValue()) {
                notes.add(new JobEvent.OutputTruncated(
                        jobId,
                        now,
                        channel,
                        data.path(channel + "_kept_bytes").longValue(),
                        data.path(channel + "_bytes").longValue()));
            }
        }
        return notes;
    }
}
