package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.JobSignal;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Submission;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.wal.journal.JobPage;
import dev.ringfence.wal.journal.JobSummary;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** How jobs and their signals look from outside. */
public final class JobJson {
    private JobJson() {}

    /** Of one job, with all that is known of it. */
    public static ObjectNode of(JobView job) {
        var submission = job.submission();
        var json = summary(job);
        json.set("arguments", submission.arguments());
        if (job.result() != null) {
            json.set("result", job.result());
        }
        if (!job.fate().blobs().isEmpty()) {
            var outputs = json.putArray("outputs");
            job.fate()
                    .blobs()
                    .forEach(blob -> outputs.addObject()
                            .put("name", blob.name())
                            .put("href", "/api/v1/jobs/" + job.id() + "/output/" + blob.name())
                            .put("bytes", blob.length())
                            .put("sha256", blob.sha256()));
        }
        return json;
    }

    /** A list of jobs, and where it goes on. */
    static ObjectNode of(JobPage page) {
        var json = JsonNodeFactory.instance.objectNode();
        var array = json.putArray("jobs");
        page.jobs().forEach(job -> array.add(summary(job)));
        page.next().ifPresent(next -> json.put("next", Long.toString(next)));
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
                if (!data.isEmpty()) {
                    json.set("plan", data);
                }
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

    /** Of a job in a list. */
    static ObjectNode summary(JobSummary job) {
        var json = head(
                job.jobId(),
                job.rolledBack() ? JobView.State.ROLLED_BACK.word() : job.state(),
                job.capability(),
                job.agent(),
                job.session(),
                job.profile(),
                job.deadline());
        json.put("submitted_at", job.submittedAt().toString());
        times(json, job.startedAt(), job.endedAt(), job.attempts());
        places(json, new JobView.Places(job.firstSequence(), 0, job.endSequence(), 0));
        if (job.reason() != null) {
            json.putObject("error").put("type", job.reason()).put("message", job.message());
        }
        return json;
    }

    private static ObjectNode head(
            String id,
            String state,
            String capability,
            String agent,
            @Nullable String session,
            String profile,
            Duration deadline) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("id", id)
                .put("state", state)
                .put("capability", capability)
                .put("agent", agent);
        if (session != null) {
            json.put("session", session);
        }
        return json.put("profile", profile).put("deadline_ms", deadline.toMillis());
    }

    private static void times(ObjectNode json, @Nullable Instant startedAt, @Nullable Instant endedAt, int attempts) {
        if (startedAt != null) {
            json.put("started_at", startedAt.toString());
        }
        if (endedAt != null) {
            json.put("ended_at", endedAt.toString());
        }
        if (attempts > 1) {
            json.put("attempts", attempts);
        }
    }

    /** Without arguments and result. */
    static ObjectNode summary(JobView job) {
        var submission = job.submission();
        var json = head(
                job.id(),
                job.state().word(),
                submission.capability(),
                submission.agent(),
                submission.session(),
                submission.profile(),
                submission.deadline());
        json.put("submitted_at", submission.at().toString());
        times(json, job.startedAt(), job.endedAt(), job.fate().attempts());
        if (submission.priority() != 0) {
            json.put("priority", submission.priority());
        }
        if (job.fate().tier() != null) {
            json.put("tier", job.fate().tier());
        }
        if (submission.webhook() != null) {
            json.put("webhook", submission.webhook());
        }
        if (submission.retryOf() != null) {
            json.put("retry_of", submission.retryOf());
        }
        if (job.fate().undoneBy() != null) {
            json.put("rolled_back_by", job.fate().undoneBy());
        }
        places(json, job.fate().places());
        if (job.error() != null) {
            json.putObject("error")
                    .put("type", job.error().type())
                    .put("message", job.error().message());
        }
        return json;
    }

    /** Where in the journal the job's events are, as far as there are any. */
    private static void places(ObjectNode json, JobView.Places places) {
        var journal = json.putObject("journal");
        putIfThere(journal, "submitted", places.submitted());
        putIfThere(journal, "started", places.started());
        putIfThere(journal, "ended", places.ended());
    }

    private static void putIfThere(ObjectNode json, String name, long sequence) {
        if (sequence > 0) {
            json.put(name, sequence);
        }
    }

    /** The name of a signal, as SSE's {@code event} field has it. */
    public static String name(JobSignal signal) {
        return switch (signal) {
            case JobSignal.Changed changed -> changed.job().state().word();
            case JobSignal.Output _ -> "output";
            case JobSignal.Progress progress -> progress.phase();
            case JobSignal.Dropped _ -> "dropped";
        };
    }

    /** The data of a signal. */
    public static ObjectNode of(JobSignal signal) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("sequence", signal.sequence())
                .put("at", signal.at().toString());
        switch (signal) {
            case JobSignal.Changed(long _, Instant _, JobView job) ->
                json.set("job", signal.last() ? of(job) : summary(job));
            case JobSignal.Output(long _, Instant _, String channel, String text) ->
                json.put("channel", channel).put("text", text);
            case JobSignal.Progress progress -> json.setAll(progress.data());
            case JobSignal.Dropped(long _, Instant _, long firstKept) -> json.put("first_kept", firstKept);
        }
        return json;
    }
}
