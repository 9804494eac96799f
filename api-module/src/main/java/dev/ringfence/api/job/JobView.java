package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.journal.BlobRef;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobRecord;
import dev.ringfence.wal.journal.JobState;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A job at one moment; a snapshot.
 *
 * @param submission what was asked, as the journal has it
 * @param startedAt when the work began, if it did
 * @param endedAt when the end was decided, if it was
 * @param result what the work gave, if there is anything
 * @param error why it did not complete, if it ended so
 * @param fate what else is known
 */
public record JobView(
        JobEvent.Submitted submission,
        State state,
        @Nullable Instant startedAt,
        @Nullable Instant endedAt,
        @Nullable JsonNode result,
        JobEvent.@Nullable Trouble error,
        Fate fate) {
    /** Under this name results have {@link Places}. */
    static final String STORED = "sequence";

    /**
     * What else the journal tells of a job.
     *
     * @param attempts how often the work was begun
     * @param tier of the fence, if it was known when the work was begun
     * @param blobs what the work gave and was too much for the result
     * @param undoneBy the job that undid it, if one did
     * @param places where its events are
     */
    public record Fate(
            int attempts,
            @Nullable String tier,
            List<BlobRef> blobs,
            @Nullable String undoneBy,
            Places places) {
        public Fate {
            blobs = List.copyOf(blobs);
        }

        /** Of the job when it has ended. */
        Fate with(List<BlobRef> newBlobs, Places newPlaces) {
            return new Fate(attempts, tier, newBlobs, undoneBy, newPlaces);
        }
    }

    /**
     * Where a job's events are, each 0 while it has none or when that is not known.
     *
     * @param submitted the sequence number in the journal
     * @param started the one of its last beginning
     * @param ended the one of its end
     * @param last the number of the end among the events that watchers hear
     */
    public record Places(long submitted, long started, long ended, long last) {
        private static final String SUBMITTED = "submitted";
        private static final String STARTED = "started";
        private static final String LAST = "last_event";

        /** What an end is written with, so that it is known after a restart. */
        ObjectNode stored() {
            var json = JsonNodeFactory.instance.objectNode();
            if (submitted > 0) {
                json.put(SUBMITTED, submitted);
            }
            if (started > 0) {
                json.put(STARTED, started);
            }
            return json.put(LAST, last);
        }

        /** The number of an end, as it was stored with it; 0 if it was not. */
        static long last(JobEvent.End end) {
            return stored(end).path(LAST).asLong(0);
        }

        private static JsonNode stored(JobEvent.End end) {
            var data = end.data();
            return data == null ? MissingNode.getInstance() : data.path(STORED);
        }

        static Places of(JobRecord job, JobState.Ended state) {
            return new Places(
                    job.firstSequence(),
                    stored(state.end()).path(STARTED).asLong(0),
                    state.endSequence(),
                    last(state.end()));
        }
    }

    /** Where a job can stand. */
    public enum State {
        SUBMITTED,
        STARTED,
        COMPLETED,
        FAILED,
        TIMED_OUT,
        CANCELLED,
        INTERRUPTED,
        /** It ended in one of the other ways, and what it had done was undone. */
        ROLLED_BACK;

        /** Nothing happens to the job any more. */
        public boolean ended() {
            return this != SUBMITTED && this != STARTED;
        }

        private static State of(JobEvent.End end) {
            return switch (end) {
                case JobEvent.Completed _ -> COMPLETED;
                case JobEvent.Failed _ -> FAILED;
                case JobEvent.TimedOut _ -> TIMED_OUT;
                case JobEvent.Cancelled _ -> CANCELLED;
                case JobEvent.Interrupted _ -> INTERRUPTED;
            };
        }

        /** As the API and the journal write it. */
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    public String id() {
        return submission.jobId();
    }

    /** @param sequence of the submission in the journal; 0 while it is not durable */
    static JobView submitted(JobEvent.Submitted submission, int attempts, long sequence) {
        return new JobView(
                submission,
                State.SUBMITTED,
                null,
                null,
                null,
                null,
                new Fate(attempts, null, List.of(), null, new Places(sequence, 0, 0, 0)));
    }

    static JobView started(JobEvent.Submitted submission, JobEvent.Started start, int attempts, Places places) {
        return new JobView(
                submission,
                State.STARTED,
                start.at(),
                null,
                null,
                null,
                new Fate(attempts, start.tier(), List.of(), null, places));
    }

    /** The same of an ended job, when another one has undone what it did. */
    JobView undone(String by) {
        return new JobView(
                submission,
                State.ROLLED_BACK,
                startedAt,
                endedAt,
                result,
                error,
                new Fate(fate.attempts(), fate.tier(), fate.blobs(), by, fate.places()));
    }

    /** The view of a job as the journal tells it. */
    static JobView of(JobRecord job) {
        return switch (job.state()) {
            case JobState.Submitted(int attempts) -> submitted(job.submission(), attempts, job.firstSequence());
            // Notes are written with the end, so the newest event of a job under way is its beginning.
            case JobState.Started(Instant at, int attempts, @Nullable String tier) ->
                started(
                        job.submission(),
                        new JobEvent.Started(job.jobId(), at, tier),
                        attempts,
                        new Places(job.firstSequence(), job.lastSequence(), 0, 0));
            case JobState.Ended ended ->
                ended(
                        job.submission(),
                        ended.startedAt(),
                        ended.end(),
                        new Fate(
                                ended.attempts(),
                                ended.tier(),
                                ended.end().blobs(),
                                ended.rolledBack() == null
                                        ? null
                                        : ended.rolledBack().by(),
                                Places.of(job, ended)));
        };
    }

    static JobView ended(JobEvent.Submitted submission, @Nullable Instant startedAt, JobEvent.End end, Fate fate) {
        return new JobView(
                submission,
                fate.undoneBy() == null ? State.of(end) : State.ROLLED_BACK,
                startedAt,
                end.at(),
                end.data(),
                end.trouble(),
                fate);
    }
}
