package dev.ringfence.wal.journal;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Folds events without keeping ended jobs: bounded by the live ones, for walks over a whole journal. */
final class LiveFold {
    private final Map<String, JobRecord> live = new LinkedHashMap<>();

    /**
     * Takes the next event.
     *
     * @param partly whether older events were given up, so that events of unknown jobs may come
     * @return false if it is of a job whose submission was given up, or that had ended
     * @throws JournalException.Broken if a live job's event cannot follow
     */
    boolean accept(boolean partly, long sequence, JournalEvent event) {
        return switch (event) {
            case JobEvent ofJob -> accept(partly, sequence, ofJob);
            case Audited _ -> true;
        };
    }

    private boolean accept(boolean partly, long sequence, JobEvent event) {
        var job = live.get(event.jobId());
        if (job == null && !(event instanceof JobEvent.Submitted)) {
            if (!partly && !(event instanceof JobEvent.RolledBack)) {
                throw new JournalException.Broken(
                        sequence,
                        "Job " + event.jobId() + " is unknown or has ended, so it cannot be " + event.type(),
                        null);
            }
            return false;
        }
        try {
            var after = JobFold.apply(job, sequence, event);
            if (after.state() instanceof JobState.Ended) {
                live.remove(event.jobId());
            } else {
                live.put(event.jobId(), after);
            }
            return true;
        } catch (JournalException.IllegalTransition e) {
            throw new JournalException.Broken(sequence, String.valueOf(e.getMessage()), e);
        }
    }

    /** The live jobs, in the order of their submission. */
    List<JobRecord> jobs() {
        return List.copyOf(live.values());
    }

    /** How many jobs are in each live state. */
    Map<String, Long> states() {
        var states = new HashMap<String, Long>();
        live.values().forEach(job -> states.merge(job.state().word(), 1L, Long::sum));
        return states;
    }
}
