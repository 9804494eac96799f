package dev.ringfence.wal.journal;

import org.jspecify.annotations.Nullable;

/** What an event makes of a job. Pure: the same job and event always give the same job. */
final class JobFold {
    private JobFold() {}

    /**
     * The job after the event.
     *
     * @param job null before the job's first event
     * @param sequence the event's place in the journal
     * @throws JournalException.IllegalTransition if the event cannot follow
     */
    static JobRecord apply(@Nullable JobRecord job, long sequence, JobEvent event) {
        if (job == null) {
            if (event instanceof JobEvent.Submitted submission) {
                return new JobRecord(submission, new JobState.Submitted(0), sequence, sequence);
            }
            throw new JournalException.IllegalTransition(event.jobId(), "unknown", event.type());
        }
        return new JobRecord(job.submission(), next(job.state(), sequence, event), job.firstSequence(), sequence);
    }

    private static JobState next(JobState state, long sequence, JobEvent event) {
        return switch (state) {
            case JobState.Submitted submitted -> next(submitted, sequence, event);
            case JobState.Started started -> next(started, sequence, event);
            case JobState.Ended ended -> next(ended, event);
        };
    }

    private static JobState next(JobState.Submitted state, long sequence, JobEvent event) {
        return switch (event) {
            case JobEvent.Started e -> new JobState.Started(e.at(), state.attempts() + 1, e.tier());
            case JobEvent.Failed e -> unbegun(state, sequence, e);
            case JobEvent.TimedOut e -> unbegun(state, sequence, e);
            case JobEvent.Cancelled e -> unbegun(state, sequence, e);
            case JobEvent.Note _ -> state;
            case JobEvent.Submitted e -> throw illegal(state, e);
            case JobEvent.Completed e -> throw illegal(state, e);
            case JobEvent.Interrupted e -> throw illegal(state, e);
            case JobEvent.Retried e -> throw illegal(state, e);
            case JobEvent.RolledBack e -> throw illegal(state, e);
        };
    }

    private static JobState next(JobState.Started state, long sequence, JobEvent event) {
        return switch (event) {
            case JobEvent.End e ->
                new JobState.Ended(state.startedAt(), state.attempts(), state.tier(), e, sequence, null);
            case JobEvent.Retried _ -> new JobState.Submitted(state.attempts());
            case JobEvent.Note _ -> state;
            case JobEvent.Submitted e -> throw illegal(state, e);
            case JobEvent.Started e -> throw illegal(state, e);
            case JobEvent.RolledBack e -> throw illegal(state, e);
        };
    }

    private static JobState next(JobState.Ended state, JobEvent event) {
        if (event instanceof JobEvent.RolledBack undone && state.rolledBack() == null) {
            return new JobState.Ended(
                    state.startedAt(), state.attempts(), state.tier(), state.end(), state.endSequence(), undone);
        }
        throw illegal(state, event);
    }

    private static JobState.Ended unbegun(JobState.Submitted state, long sequence, JobEvent.End end) {
        return new JobState.Ended(null, state.attempts(), null, end, sequence, null);
    }

    private static JournalException.IllegalTransition illegal(JobState state, JobEvent event) {
        var word = state instanceof JobState.Ended ended && ended.rolledBack() != null
                ? state.word() + " and rolled_back"
                : state.word();
        return new JournalException.IllegalTransition(event.jobId(), word, event.type());
    }
}
