package dev.ringfence.wal.journal;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A job without what it was given and what it gave: enough to list it, and to find the rest in the journal.
 *
 * @param state the word of its state
 * @param retries how often the work may be begun again after an interruption
 * @param attempts how often the work was begun
 * @param reason a slug that says why it did not complete, if it ended so
 * @param message the beginning of what was said about that
 * @param firstSequence the place of its submission in the journal
 * @param endSequence the place of its end; 0 while it is live
 * @param lastSequence the place of its newest event
 */
public record JobSummary(
        String jobId,
        String agent,
        @Nullable String session,
        String capability,
        String profile,
        Duration deadline,
        int retries,
        @Nullable String idempotencyKey,
        String state,
        Instant submittedAt,
        @Nullable Instant startedAt,
        @Nullable Instant endedAt,
        int attempts,
        @Nullable String tier,
        @Nullable String reason,
        @Nullable String message,
        boolean rolledBack,
        List<BlobRef> blobs,
        long firstSequence,
        long endSequence,
        long lastSequence) {
    private static final int LONGEST_MESSAGE = 256;

    public JobSummary {
        Objects.requireNonNull(jobId);
        blobs = List.copyOf(blobs);
    }

    /** The summary of a job. */
    static JobSummary of(JobRecord job) {
        var submission = job.submission();
        var state = job.state();
        var end = state instanceof JobState.Ended ended ? ended : null;
        var trouble = end == null ? null : end.end().trouble();
        return new JobSummary(
                job.jobId(),
                submission.agent(),
                submission.session(),
                submission.capability(),
                submission.profile(),
                submission.deadline(),
                submission.retries(),
                submission.idempotencyKey(),
                state.word(),
                submission.at(),
                startedAt(state),
                end == null ? null : end.end().at(),
                attempts(state),
                tier(state),
                trouble == null ? null : trouble.type(),
                trouble == null ? null : clip(trouble.message()),
                end != null && end.rolledBack() != null,
                end == null ? List.of() : end.end().blobs(),
                job.firstSequence(),
                end == null ? 0 : end.endSequence(),
                job.lastSequence());
    }

    /** The same job, once it was undone. */
    JobSummary undone(long sequence) {
        return new JobSummary(
                jobId,
                agent,
                session,
                capability,
                profile,
                deadline,
                retries,
                idempotencyKey,
                state,
                submittedAt,
                startedAt,
                endedAt,
                attempts,
                tier,
                reason,
                message,
                true,
                blobs,
                firstSequence,
                endSequence,
                sequence);
    }

    private static @Nullable Instant startedAt(JobState state) {
        return switch (state) {
            case JobState.Submitted _ -> null;
            case JobState.Started started -> started.startedAt();
            case JobState.Ended ended -> ended.startedAt();
        };
    }

    private static int attempts(JobState state) {
        return switch (state) {
            case JobState.Submitted submitted -> submitted.attempts();
            case JobState.Started started -> started.attempts();
            case JobState.Ended ended -> ended.attempts();
        };
    }

    private static @Nullable String tier(JobState state) {
        return switch (state) {
            case JobState.Submitted _ -> null;
            case JobState.Started started -> started.tier();
            case JobState.Ended ended -> ended.tier();
        };
    }

    private static String clip(String message) {
        if (message.length() <= LONGEST_MESSAGE) {
            return message;
        }
        // Not between the two halves of a character.
        int end =
                Character.isHighSurrogate(message.charAt(LONGEST_MESSAGE - 1)) ? LONGEST_MESSAGE - 1 : LONGEST_MESSAGE;
        return message.substring(0, end) + "…";
    }
}
