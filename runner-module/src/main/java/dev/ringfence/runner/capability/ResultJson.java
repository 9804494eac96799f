package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.capability.Outcome.Failed;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FenceReport;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.fence.egress.EgressUsage;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.process.Usage;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import org.jboss.logging.Logger;

/** What several capabilities have in their results: what ran in a fence, what that enforced, and why nothing came of it. */
final class ResultJson {
    private static final Logger LOG = Logger.getLogger(ResultJson.class);

    private ResultJson() {}

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static ObjectNode usage(Usage usage) {
        var json = object();
        json.put("cpu_user_ms", milliseconds(usage.cpuUser()));
        json.put("cpu_system_ms", milliseconds(usage.cpuSystem()));
        json.put("cpu_source", usage.cpuSource());
        if (usage.peakMemoryBytes() > 0) {
            json.put("peak_memory_bytes", usage.peakMemoryBytes());
        }
        json.put("memory_source", usage.memorySource());
        json.put("written_bytes", usage.writtenBytes());
        json.put("written_source", usage.writtenSource());
        usage.mostTasks().ifPresent(most -> json.put("most_tasks", most));
        json.put("tasks_source", usage.tasksSource());
        json.put("wall_ms", milliseconds(usage.wall()));
        return json;
    }

    static ObjectNode network(EgressUsage network) {
        var json = object();
        json.put("connections", network.connections());
        json.put("bytes_sent", network.bytesSent());
        json.put("bytes_received", network.bytesReceived());
        json.put("refused", network.refused());
        var refusals = json.putArray("refusals");
        network.refusals()
                .forEach(refusal -> refusals.addObject()
                        .put("destination", refusal.destination())
                        .put("reason", refusal.reason()));
        return json;
    }

    static ObjectNode report(FenceReport report) {
        var json = object();
        json.put("tier", report.tier());
        var entries = json.putArray("entries");
        for (var entry : report.entries()) {
            entries.addObject()
                    .put("field", entry.field())
                    .put("asked", entry.asked())
                    .put("means", entry.means())
                    .put("value", entry.value());
        }
        return json;
    }

    static void limitsHit(ObjectNode json, List<LimitHit> limits) {
        var array = json.putArray("limits_hit");
        limits.forEach(hit -> array.addObject()
                .put("field", hit.field())
                .put("limit", hit.limit())
                .put("observed", hit.observed()));
    }

    static Failed failed(FenceException error) {
        return switch (error) {
            case FenceException.Refused refused -> {
                var data = object();
                data.put("field", refused.field());
                yield new Failed("fence-refused", message(refused), data);
            }
            case FenceException.Broken broken -> new Failed("fence-broken", message(broken), object());
        };
    }

    static Failed failed(Refused error) {
        return new Failed(error.type(), message(error), object());
    }

    /** Logs what the caller of the job cannot mend and is not told. */
    static Failed internal(String jobId, Throwable failure, ObjectNode data) {
        LOG.errorf(failure, "job %s failed for a reason that is none of its own", jobId);
        return new Failed("internal", "the service failed; its log says why", data);
    }

    static String message(Throwable error) {
        return error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
    }

    /** To the microsecond; whole milliseconds hide what a fast program used. */
    static BigDecimal milliseconds(Duration time) {
        return BigDecimal.valueOf(time.toNanos() / 1000, 3);
    }
}
