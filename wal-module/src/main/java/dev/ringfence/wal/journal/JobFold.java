package dev.ringfence.wal.journal;

import org.jspecify.annotations.Nullable;

/** What an event makes of a job. Pure: the same job and event always give the same job. */
public final class JobFold {
    private JobFold() {}

    /**
     * The job after the event.
     *
     * @param job null before the job's first event
     * @param sequence the event's place in the journal
     * @throws JournalException.IllegalTransition if the event cannot follow
     */
    public static JobRecord apply(@Nullable JobRecord job, long sequence, JobEvent event) {
        if (job == null) {
            if (event instanceof JobEvent.Submitted submission) {
                return new JobRecord(submission, new JobState.Submitted(), sequence, sequence);
            }
            throw new JournalException.IllegalTransition(event.jobId(), "unknown", event.type());
        }
        return new JobRecord(job.submission(), next(job.state(), event), job.firstSequence(), sequence);
    }

    /**
     * @throws JournalException.IllegalTransition if the event cannot follow
     */
    static JobState next(JobState state, JobEvent event) {
        return switch (state) {
            case JobState.Submitted submitted -> next(submitted, event);
            case JobState.Started started -> next(started, event);
            case JobState.Ended ended -> throw illegal(ended, event);
        };
    }

    private static JobState next(JobState.Submitted state, JobEvent event) {
        return switch (event) {
            case JobEvent.Started e -> state.start(e);
            case JobEvent.Failed e -> state.fail(e);
            case JobEvent.TimedOut e -> state.timeOut(e);
            case JobEvent.Cancelled e -> state.cancel(e);
            case JobEvent.Submitted e -> throw illegal(state, e);
            case JobEvent.Completed e -> throw illegal(state, e);
            case JobEvent.Interrupted e -> throw illegal(state, e);
        };
    }

    private static JobState next(JobState.Started state, JobEvent event) {
        return switch (event) {
            case JobEvent.Completed e -> state.complete(e);
            case JobEvent.Failed e -> state.fail(e);
            case JobEvent.TimedOut e -> state.timeOut(e);
            case JobEvent.Cancelled e -> state.cancel(e);
            case JobEvent.Interrupted e -> state.interrupt(e);
            case JobEvent.Submitted e -> throw illegal(state, e);
            case JobEvent.Started e -> throw illegal(state, e);
        };
    }

    private static JournalException.IllegalTransition illegal(JobState state, JobEvent event) {
        return new JournalException.IllegalTransition(event.jobId(), state.word(), event.type());
    }
}
