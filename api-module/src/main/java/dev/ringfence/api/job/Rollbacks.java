package dev.ringfence.api.job;

import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.log.LogException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Writes down that jobs were undone. By then they are, so that what cannot be written now is written later. */
final class Rollbacks {
    private final Journal journal;
    private final Shelf shelf;
    private final BooleanSupplier draining;

    Rollbacks(Journal journal, Shelf shelf, BooleanSupplier draining) {
        this.journal = journal;
        this.shelf = shelf;
        this.draining = draining;
    }

    /** As {@link Jobs#rolledBack} says. */
    void write(JobEvent.RolledBack event) {
        while (true) {
            try {
                append(event);
                return;
            } catch (LogException.NoSpace
                    | LogException.Saturated
                    | JournalException.Saturated
                    | JournalException.IndexDamaged e) {
                if (draining.getAsBoolean()) {
                    throw e;
                }
                LockSupport.parkNanos(Endings.RETRY.toNanos());
            }
        }
    }

    private void append(JobEvent.RolledBack event) {
        try {
            journal.append(event).await().indefinitely();
        } catch (JournalException.IllegalTransition e) {
            if (journal.summary(event.jobId()).filter(job -> !job.rolledBack()).isPresent()) {
                throw e;
            }
            // Known already, or its events were given up.
            return;
        }
        shelf.find(event.jobId()).ifPresent(job -> job.undone(event.by()));
    }
}
