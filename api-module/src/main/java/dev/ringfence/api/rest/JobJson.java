package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.JobSignal;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Submission;
import dev.ringfence.runner.capability.Outcome;
import java.time.Duration;

/** How jobs and their signals look from outside. */
final class JobJson {
    private JobJson() {}

    static ObjectNode of(JobView job) {
        var submission = job.submission();
        var json = summary(job);
        json.set("arguments", submission.arguments());
        if (job.result() != null) {
            json.set("result", job.result());
        }
        return json;
    }

    /** What a job would do that was not submitted. */
    static ObjectNode dryRun(Submission submission, Outcome outcome) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("dry_run", true)
                .put("capability", submission.capability())
                .put("would_run", outcome instanceof Outcome.Completed);
        switch (outcome) {
            case Outcome.Completed(ObjectNode plan) -> json.set("plan", plan);
            case Outcome.Failed(String type, String message, ObjectNode data) -> {
                json.putObject("error").put("type", type).put("message", message);
                json.set("plan", data);
            }
            case Outcome.TimedOut(Duration limit, ObjectNode _) ->
                json.putObject("error")
                        .put("type", "deadline-exceeded")
                        .put("message", "looking took longer than " + limit.toMillis() + " ms");
            case Outcome.Cancelled _ ->
                json.putObject("error").put("type", "cancelled").put("message", "looking was cancelled");
        }
        return json;
    }

    /** Without arguments and result, for lists. */
    static ObjectNode summary(JobView job) {
        var submission = job.submission();
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("id", job.id())
                .put("state", job.state().word())
                .put("capability", submission.capability())
                .put("agent", submission.agent())
                .put("profile", submission.profile())
                .put("deadline_ms", submission.deadline().toMillis())
                .put("submitted_at", submission.at().toString());
        if (job.startedAt() != null) {
            json.put("started_at", job.startedAt().toString());
        }
        if (job.endedAt() != null) {
            json.put("ended_at", job.endedAt().toString());
        }
        if (job.error() != null) {
            json.putObject("error")
                    .put("type", job.error().type())
                    .put("message", job.error().message());
        }
        return json;
    }

    /** The name of a signal, as SSE's {@code event} field has it. */
    static String name(JobSignal signal) {
        return switch (signal) {
            case JobSignal.Changed changed -> changed.job().state().word();
            case JobSignal.Output _ -> "output";
            case JobSignal.Dropped _ -> "dropped";
        };
    }

    static ObjectNode of(JobSignal signal) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("sequence", signal.sequence())
                .put("at", signal.at().toString());
        switch (signal) {
            case JobSignal.Changed(long _, java.time.Instant _, JobView job) ->
                json.set("job", signal.last() ? of(job) : summary(job));
            case JobSignal.Output(long _, java.time.Instant _, String channel, String text) ->
                json.put("channel", channel).put("text", text);
            case JobSignal.Dropped(long _, java.time.Instant _, long firstKept) -> json.put("first_kept", firstKept);
        }
        return json;
    }
}
