package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.journal.JobEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Jobs as tests need them. */
public final class Submitted {
    private Submitted() {}

    static JobEvent.Submitted event(String id, @Nullable String key) {
        return event(id, key, JsonNodeFactory.instance.objectNode());
    }

    private static JobEvent.Submitted event(String id, @Nullable String key, JsonNode arguments) {
        return new JobEvent.Submitted(
                id, Instant.now(), "anonymous", "Probe", arguments, "secure", Duration.ofSeconds(60), key);
    }

    static JobView view(String id, JobView.State state) {
        return view(event(id, null), state, null, null);
    }

    static Job job(String id, @Nullable String key) {
        return new Job(JobView.submitted(event(id, key), 0, 0), 1024);
    }

    static Job jobOf(String id, JsonNode arguments) {
        return new Job(JobView.submitted(event(id, null, arguments), 0, 0), 1024);
    }

    static void end(Job job) {
        end(job, null);
    }

    static void end(Job job, @Nullable JsonNode result) {
        job.moved(view(job.submission(), JobView.State.COMPLETED, Instant.now(), result));
    }

    /** A job that has asked a model. */
    public static JobView answered(String capability, JsonNode result) {
        var asked = new JobEvent.Submitted(
                "answered",
                Instant.now(),
                "anonymous",
                capability,
                JsonNodeFactory.instance.objectNode(),
                "secure",
                Duration.ofSeconds(60),
                null);
        return view(asked, JobView.State.COMPLETED, Instant.now(), result);
    }

    private static JobView view(
            JobEvent.Submitted asked, JobView.State state, @Nullable Instant doneAt, @Nullable JsonNode result) {
        var fate = new JobView.Fate(0, null, List.of(), null, new JobView.Places(0, 0, 0, 0));
        return new JobView(asked, state, doneAt, doneAt, result, null, fate);
    }
}
