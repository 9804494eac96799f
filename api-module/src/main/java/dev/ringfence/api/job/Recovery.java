package dev.ringfence.api.job;

import dev.ringfence.wal.journal.JobRecord;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.log.Health;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** Decides what becomes of the live jobs of an earlier life of the service, of which nothing runs any more. */
final class Recovery {
    private static final Logger LOG = Logger.getLogger(Recovery.class);
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final String ABANDONED =
            "the service ended before it began, and with it the connection of the client that waited for it";

    private final Journal journal;
    private final Shelf shelf;
    private final Road road;
    private final Consumer<Job> readmit;
    private final Consumer<Job> finished;

    /**
     * @param readmit gives a job its place among those that wait
     * @param finished hears of a job that has come to its end
     */
    Recovery(Journal journal, Shelf shelf, Road road, Consumer<Job> readmit, Consumer<Job> finished) {
        this.journal = journal;
        this.shelf = shelf;
        this.road = road;
        this.readmit = readmit;
        this.finished = finished;
    }

    /** Runs what was submitted, and begins again or interrupts what was started. */
    void resume(List<JobRecord> recovered) {
        var under = new ArrayList<Thread>();
        for (var record : recovered) {
            var job = Job.recovered(JobView.of(record));
            shelf.restore(job);
            if (job.view().state() == JobView.State.SUBMITTED
                    && job.submission().attended()) {
                LOG.infof(
                        "job %s had not started, and the client that waited for it is gone: it is cancelled", job.id());
                job.cancel(ABANDONED);
                readmit.accept(job);
            } else if (job.view().state() == JobView.State.SUBMITTED) {
                LOG.infof("job %s was acknowledged before the restart and had not started: it runs now", job.id());
                readmit.accept(job);
            } else {
                under.add(Thread.ofVirtual().name("job-" + job.id()).start(() -> takeUp(job)));
            }
        }
        awaitAll(under);
    }

    /** Interrupts what no retry is left for, and leaves all else as it is. */
    void interrupt(List<JobRecord> recovered) {
        var under = new ArrayList<Thread>();
        for (var record : recovered) {
            var job = Job.recovered(JobView.of(record));
            shelf.restore(job);
            boolean started = job.view().state() != JobView.State.SUBMITTED;
            // Whether it may be begun again is for the service to say, which may know more capabilities.
            if (started && job.view().fate().attempts() > job.submission().retries()) {
                LOG.warnf("job %s was running when the service ended: it is interrupted", job.id());
                under.add(Thread.ofVirtual().name("job-" + job.id()).start(() -> takeUp(job)));
            }
        }
        int left = recovered.size() - under.size();
        if (left > 0) {
            LOG.warnf("jobs that were acknowledged and wait for the next start of the service: %d", left);
        }
        awaitAll(under);
    }

    /** Until they are done, or the journal takes nothing now: they go on when it does. */
    private void awaitAll(List<Thread> under) {
        try {
            for (var thread : under) {
                boolean done = false;
                while (!done && journal.health() instanceof Health.Writable) {
                    done = thread.join(LOOK);
                }
            }
        } catch (InterruptedException _) {
            // They go on by themselves.
            Thread.currentThread().interrupt();
        }
    }

    private void takeUp(Job job) {
        try {
            if (road.retry(job)) {
                LOG.infof(
                        "job %s was running when the service ended: it is begun again, as its caller allowed",
                        job.id());
                readmit.accept(job);
            } else {
                road.interrupt(job);
                LOG.infof("job %s was running when the service ended: it is interrupted", job.id());
                finished.accept(job);
            }
        } catch (RuntimeException | Error e) {
            LOG.errorf(e, "job %s could not be taken up again; the next start will try", job.id());
            job.lost(e);
        }
    }
}
