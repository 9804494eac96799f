package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Events for tests. */
final class Events {
    static final Instant AT = Instant.parse("2026-03-04T05:06:07.089Z");
    static final JsonNode DATA =
            JsonNodeFactory.instance.objectNode().put("exit_code", 0).put("output", "grüße\n");

    private Events() {}

    static JobEvent.Submitted submitted(String id) {
        return submitted(id, null);
    }

    static JobEvent.Submitted submitted(String id, @Nullable String key) {
        return new JobEvent.Submitted(id, AT, "agent-7", "FileRead", DATA, "default", Duration.ofSeconds(30), key);
    }

    static JobEvent.Started started(String id) {
        return new JobEvent.Started(id, AT.plusMillis(1));
    }

    static JobEvent.Completed completed(String id) {
        return new JobEvent.Completed(id, AT.plusMillis(2), DATA);
    }

    static JobEvent.Failed failed(String id) {
        return new JobEvent.Failed(id, AT.plusMillis(3), "model-file-not-found", "No such model", DATA, List.of());
    }

    static JobEvent.TimedOut timedOut(String id) {
        return new JobEvent.TimedOut(id, AT.plusMillis(4), Duration.ofMillis(1_500), DATA, List.of());
    }

    static JobEvent.Cancelled cancelled(String id) {
        return new JobEvent.Cancelled(id, AT.plusMillis(5), "client-gone", DATA);
    }

    static JobEvent.Interrupted interrupted(String id) {
        return new JobEvent.Interrupted(id, AT.plusMillis(6), "service-restarted");
    }

    static JobEvent.Retried retried(String id) {
        return new JobEvent.Retried(id, AT.plusMillis(7), "service-restarted", 1);
    }

    static JobEvent.RolledBack rolledBack(String id) {
        return new JobEvent.RolledBack(id, AT.plusMillis(8), "the-undoing", DATA);
    }

    static JobEvent.Validated validated(String id) {
        return new JobEvent.Validated(id, AT.plusMillis(9));
    }

    /** A blob's name, which nobody has written. */
    static BlobRef blob(String name) {
        return new BlobRef(name, "0123456789abcdef".repeat(4), 40_000);
    }
}
