package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.journal.BlobRef;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.log.LogException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/**
 * How jobs end: an end is made whole, then durable, and only then known to anyone. One that the journal cannot take is
 * replaced by one that says so. Thread-safe.
 */
final class Endings {
    private static final Logger LOG = Logger.getLogger(Endings.class);
    static final Duration RETRY = Duration.ofMillis(200);
    private static final String SUCCESS = "success";
    private static final String TELEMETRY = "telemetry";

    private final Journal journal;
    private final TokenQuota tokens;
    private final JobHost host;
    private final BooleanSupplier draining;

    Endings(Journal journal, TokenQuota tokens, JobHost host, BooleanSupplier draining) {
        this.journal = journal;
        this.tokens = tokens;
        this.host = host;
        this.draining = draining;
    }

    /** A result, with the host's load when the work began and when it had ended. */
    JsonNode measured(JsonNode result, Optional<ObjectNode> before) {
        if (before.isPresent() && result instanceof ObjectNode data) {
            var telemetry = data.putObject(TELEMETRY);
            telemetry.set("before", before.get());
            host.telemetry().get().ifPresent(after -> telemetry.set("after", after));
        }
        return result;
    }

    /** Blocks until the end is durable, also while the disk is full. */
    void end(Job job, JobEvent.End event) {
        end(job, List.of(), event);
    }

    /** Likewise, with what is to be written before it. */
    void end(Job job, List<JobEvent.Note> notes, JobEvent.End event) {
        var places = before(job);
        complete(event, places);
        JobEvent.End durable = event;
        long sequence;
        try {
            sequence = write(with(notes, durable));
        } catch (JournalException.TooLarge | JournalException.NotEncodable e) {
            var reason = e instanceof JournalException.TooLarge ? "result-too-large" : "result-not-encodable";
            durable = failed(job, reason, String.valueOf(e.getMessage()), telemetryOf(event));
            complete(durable, places);
            sequence = replace(notes, durable);
        }
        ended(job, durable, sequence);
    }

    /** Writes an end in the place of one that the journal cannot take; if it was a note, without the notes. */
    private long replace(List<JobEvent.Note> notes, JobEvent.End end) {
        try {
            return write(with(notes, end));
        } catch (JournalException.TooLarge | JournalException.NotEncodable e) {
            LOG.errorf("the notes of job %s cannot be kept: %s", end.jobId(), e.getMessage());
            return write(List.of(end));
        }
    }

    /** Where the events of a job are that is about to end. */
    static JobView.Places before(Job job) {
        var places = job.view().fate().places();
        return new JobView.Places(places.submitted(), places.started(), 0, job.lastEvent());
    }

    /**
     * Gives an end that nobody has seen yet what all results have: the places of the job's events, whether the work was done,
     * and the host's load, now, if it was not measured with the work.
     */
    void complete(JobEvent.End end, JobView.Places places) {
        if (end.data() instanceof ObjectNode data) {
            data.set(JobView.STORED, places.stored());
            if (!data.has(SUCCESS)) {
                data.put(SUCCESS, end instanceof JobEvent.Completed);
            }
            if (!data.has(TELEMETRY)) {
                host.telemetry()
                        .get()
                        .ifPresent(now -> data.putObject(TELEMETRY).set("after", now));
            }
        }
    }

    /** The end is durable. What it cost counts before anyone hears of it, or has its turn after it. */
    void ended(Job job, JobEvent.End end, long sequence) {
        var view = job.view();
        var places = view.fate().places();
        var fate = view.fate()
                .with(
                        end.blobs(),
                        new JobView.Places(places.submitted(), places.started(), sequence, JobView.Places.last(end)));
        var over = JobView.ended(job.submission(), view.startedAt(), end, fate);
        tokens.ended(over);
        job.moved(over);
    }

    private static ObjectNode telemetryOf(JobEvent.End event) {
        var kept = nothing();
        if (event.data() != null && event.data().has(TELEMETRY)) {
            kept.set(TELEMETRY, event.data().get(TELEMETRY));
        }
        return kept;
    }

    private static List<JobEvent> with(List<JobEvent.Note> notes, JobEvent.End end) {
        var events = new ArrayList<JobEvent>(notes);
        events.add(end);
        return events;
    }

    /** Returns the last one's place when the events are durable. While the disk is full, the job waits; reads go on meanwhile. */
    long write(List<? extends JobEvent> events) {
        while (true) {
            try {
                return journal.append(events).await().indefinitely();
            } catch (LogException.NoSpace | LogException.Saturated e) {
                if (draining.getAsBoolean()) {
                    throw e;
                }
                LockSupport.parkNanos(RETRY.toNanos());
            }
        }
    }

    static JobEvent.Failed failed(Job job, String reason, String message) {
        return failed(job, reason, message, nothing());
    }

    static JobEvent.Failed failed(Job job, String reason, String message, JsonNode data) {
        return new JobEvent.Failed(job.id(), Instant.now(), reason, message, data, List.of());
    }

    static JobEvent.Cancelled cancelled(Job job, JsonNode data) {
        return cancelled(job, data, List.of());
    }

    static JobEvent.Cancelled cancelled(Job job, JsonNode data, List<BlobRef> blobs) {
        return new JobEvent.Cancelled(
                job.id(), Instant.now(), job.cancellation().orElse("cancelled"), data, blobs);
    }

    static ObjectNode nothing() {
        return JsonNodeFactory.instance.objectNode();
    }
}
