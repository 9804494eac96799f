package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.JobNews;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Submission;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.wal.journal.JobPage;
import dev.ringfence.wal.journal.JobSummary;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** How jobs and their news look from outside. */
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
        return new Row(
                        job.jobId(),
                        job.rolledBack() ? JobView.State.ROLLED_BACK.word() : job.state(),
                        job.capability(),
                        job.agent(),
                        job.session(),
                        job.profile(),
                        job.deadline(),
                        job.submittedAt(),
                        job.startedAt(),
                        job.endedAt(),
                        job.attempts(),
                        job.tier(),
                        new JobView.Places(job.firstSequence(), 0, job.endSequence(), 0),
                        job.reason(),
                        job.message())
                .json();
    }

    /** Without arguments and result. */
    static ObjectNode summary(JobView job) {
        var submission = job.submission();
        var trouble = job.error();
        var json = new Row(
                        job.id(),
                        job.state().word(),
                        submission.capability(),
                        submission.agent(),
                        submission.session(),
                        submission.profile(),
                        submission.deadline(),
                        submission.at(),
                        job.startedAt(),
                        job.endedAt(),
                        job.fate().attempts(),
                        job.fate().tier(),
                        job.fate().places(),
                        trouble == null ? null : trouble.type(),
                        trouble == null ? null : trouble.message())
                .json();
        if (submission.priority() != 0) {
            json.put("priority", submission.priority());
        }
        putIfThere(json, "webhook", submission.webhook());
        putIfThere(json, "retry_of", submission.retryOf());
        putIfThere(json, "rolled_back_by", job.fate().undoneBy());
        return json;
    }

    /** What is told of a job also in a list, where the journal's index has to have it. */
    private record Row(
            String id,
            String state,
            String capability,
            String agent,
            @Nullable String session,
            String profile,
            Duration deadline,
            Instant submittedAt,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt,
            int attempts,
            @Nullable String tier,
            JobView.Places places,
            @Nullable String reason,
            @Nullable String message) {
        ObjectNode json() {
            var json = JsonNodeFactory.instance
                    .objectNode()
                    .put("id", id)
                    .put("state", state)
                    .put("capability", capability)
                    .put("agent", agent);
            putIfThere(json, "session", session);
            json.put("profile", profile).put("deadline_ms", deadline.toMillis());
            json.put("submitted_at", submittedAt.toString());
            putIfThere(json, "started_at", startedAt);
            putIfThere(json, "ended_at", endedAt);
            if (attempts > 1) {
                json.put("attempts", attempts);
            }
            putIfThere(json, "tier", tier);
            // As far as there are events of these kinds.
            var journal = json.putObject("journal");
            putIfThere(journal, "submitted", places.submitted());
            putIfThere(journal, "started", places.started());
            putIfThere(journal, "ended", places.ended());
            if (reason != null) {
                json.putObject("error").put("type", reason).put("message", message);
            }
            return json;
        }
    }

    private static void putIfThere(ObjectNode json, String name, @Nullable Object text) {
        if (text != null) {
            json.put(name, text.toString());
        }
    }

    private static void putIfThere(ObjectNode json, String name, long sequence) {
        if (sequence > 0) {
            json.put(name, sequence);
        }
    }

    /** The name of an item of news, as SSE's {@code event} field has it. */
    public static String name(JobNews item) {
        return switch (item) {
            case JobNews.Changed changed -> changed.job().state().word();
            case JobNews.Output _ -> "output";
            case JobNews.Progress progress -> progress.phase();
            case JobNews.Dropped _ -> "dropped";
        };
    }

    /** The data of an item of news. */
    public static ObjectNode of(JobNews item) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("sequence", item.sequence())
                .put("at", item.at().toString());
        switch (item) {
            case JobNews.Changed(long _, Instant _, JobView job) ->
                json.set("job", item.last() ? of(job) : summary(job));
            case JobNews.Output(long _, Instant _, String channel, String text) ->
                json.put("channel", channel).put("text", text);
            case JobNews.Progress progress -> json.setAll(progress.data());
            case JobNews.Dropped(long _, Instant _, long firstKept) -> json.put("first_kept", firstKept);
        }
        return json;
    }
}
