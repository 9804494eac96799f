package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.journal.JobEvent;
import java.time.Duration;
import java.time.Instant;
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
        return new JobView(event(id, null), state, null, null, null, null);
    }

    static Job job(String id, @Nullable String key) {
        return new Job(new JobView(event(id, key), JobView.State.SUBMITTED, null, null, null, null), 1024);
    }

    static Job jobOf(String id, JsonNode arguments) {
        return new Job(JobView.submitted(event(id, null, arguments), 0, 0), 1024);
    }

    static void end(Job job) {
        job.moved(new JobView(job.submission(), JobView.State.COMPLETED, null, Instant.now(), null, null));
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
        return new JobView(asked, JobView.State.COMPLETED, Instant.now(), Instant.now(), result, null);
    }
}
