package dev.ringfence.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.runner.capability.Undo;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JournalException;
import java.time.Instant;
import java.util.function.Supplier;

/** Tells the journal which jobs were undone. */
final class Undoing implements Undo.Journaled {
    private final Supplier<Jobs> jobs;

    /** @param jobs are there before any runs */
    Undoing(Supplier<Jobs> jobs) {
        this.jobs = jobs;
    }

    @Override
    public void require(String job) {
        try {
            if (jobs.get().isLive(job)) {
                throw new Refused("job-not-ended", "job " + job + " has not ended yet; nothing is undone");
            }
        } catch (JournalException.IndexDamaged e) {
            throw new Refused(
                    "index-rebuilding",
                    "job " + job + " cannot be looked for now; nothing is undone. " + e.getMessage());
        }
    }

    @Override
    public void rolledBack(String job, String by, ObjectNode data) {
        jobs.get().rolledBack(new JobEvent.RolledBack(job, Instant.now(), by, data));
    }
}
