package dev.ringfence.api.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.JobView;
import dev.ringfence.wal.journal.JobEvent;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What an endpoint has yet to be told, as it is kept.
 *
 * @param agent whose job it is; empty where an earlier version kept it
 * @param attempts that have failed
 * @param waited all pauses between them and behind the last one, by which it is given up: a time of day may be wrong
 * @param next when the last pause is over
 * @param body what it is told, once an attempt has failed: the journal may give the job up before the next one
 */
record Message(
        String job,
        String agent,
        String endpoint,
        int attempts,
        Duration waited,
        Instant next,
        @Nullable String body) {
    /** That of a job that has yet to end. */
    static Message untried(JobEvent.Submitted submission, String endpoint) {
        return new Message(submission.jobId(), submission.agent(), endpoint, 0, Duration.ZERO, Instant.EPOCH, null);
    }

    static Message of(JsonNode stored) {
        return new Message(
                stored.path("job").asText(),
                stored.path("agent").asText(),
                stored.path("endpoint").asText(),
                stored.path("attempts").asInt(),
                Duration.ofMillis(stored.path("waited_ms").asLong()),
                Instant.ofEpochMilli(stored.path("next_at_ms").asLong()),
                stored.path("body").textValue());
    }

    /** The same, after one more attempt that failed. */
    Message failed(Duration pause, Instant until) {
        return new Message(job, agent, endpoint, attempts + 1, waited.plus(pause), until, body);
    }

    Message with(String known) {
        return new Message(job, agent, endpoint, attempts, waited, next, known);
    }

    ObjectNode stored() {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("job", job)
                .put("agent", agent)
                .put("endpoint", endpoint)
                .put("attempts", attempts)
                .put("waited_ms", waited.toMillis())
                .put("next_at_ms", next.toEpochMilli());
        if (body != null) {
            json.put("body", body);
        }
        return json;
    }

    /** The same each time. Says how the job ended and not what it gave: that is for those who may see the job. */
    static String bodyOf(JobView job) {
        var submission = job.submission();
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("type", "job." + job.state().word())
                .put("timestamp", String.valueOf(job.endedAt()));
        var data = json.putObject("data")
                .put("id", job.id())
                .put("state", job.state().word())
                .put("capability", submission.capability())
                .put("agent", submission.agent());
        if (submission.session() != null) {
            data.put("session", submission.session());
        }
        data.put("submitted_at", submission.at().toString());
        if (job.startedAt() != null) {
            data.put("started_at", job.startedAt().toString());
        }
        data.put("ended_at", String.valueOf(job.endedAt()));
        if (job.error() != null) {
            data.put("error", job.error().type());
        }
        data.put("href", "/api/v1/jobs/" + job.id());
        return json.toString();
    }
}
