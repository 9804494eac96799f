package dev.ringfence.api.job;

import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.engine.JsonWeight;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobPage;
import dev.ringfence.wal.journal.JobQuery;
import dev.ringfence.wal.journal.JobRecord;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * All jobs: admits them, sends each down its {@link Road} on a virtual thread of its own, and takes up again what an
 * earlier life of the service left. Thread-safe.
 */
public final class Jobs {
    private static final Logger LOG = Logger.getLogger(Jobs.class);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final JobSettings settings;
    private final Journal journal;
    private final Capabilities capabilities;
    private final Requests requests;
    private final JobHost host;
    private final Preparation preparation;
    private final JobObserver observer;
    private final Shelf shelf;
    private final Road road;
    private final Admission admission;
    private final TokenQuota tokens;
    private final Rollbacks rollbacks;
    private volatile boolean draining;

    /**
     * @param host keeps new jobs out while it is too busy, and tells its load before and after each
     * @param preparation what has to be so before a submission is made durable
     */
    public Jobs(
            JobSettings settings,
            Journal journal,
            Capabilities capabilities,
            Terms terms,
            JobHost host,
            Preparation preparation,
            JobObserver observer) {
        this.settings = settings;
        this.journal = journal;
        this.capabilities = capabilities;
        this.requests = new Requests(settings.defaultDeadline(), capabilities, terms, observer::refused);
        this.host = host;
        this.preparation = preparation;
        this.observer = observer;
        this.shelf = new Shelf(settings.retained(), settings.retainedBytes());
        this.admission = new Admission(
                settings.concurrency(),
                settings.queue(),
                settings.queueOfAgent(),
                settings.memoryBudget(),
                settings.concurrencyOf(),
                terms,
                System::nanoTime);
        this.tokens = new TokenQuota(journal, capabilities, terms, InstantSource.system());
        this.rollbacks = new Rollbacks(journal, shelf, () -> draining);
        this.road = new Road(journal, capabilities, terms, admission, tokens, host, () -> draining);
    }

    /**
     * Takes up the live jobs of an earlier life: submitted ones run, unless a client waited for them whose connection went
     * with that life. Started ones are begun again when their capability
     * and their caller allow it, and interrupted otherwise. Nothing of that life may still be running when this is
     * called. Blocks until it is durable; where there is no room for that, it happens when there is.
     */
    public void recover(List<JobRecord> recovered) {
        recovery().resume(recovered);
    }

    /**
     * Like {@link #recover}, for a process that does other work and then ends: it interrupts what no retry is left for,
     * and leaves all else as it is, for the next start of the service.
     */
    public void interrupt(List<JobRecord> recovered) {
        recovery().interrupt(recovered);
    }

    private Recovery recovery() {
        return new Recovery(journal, shelf, road, this::readmit, this::finished);
    }

    private void readmit(Job job) {
        var submission = job.submission();
        var ticket =
                admission.readmit(submission.agent(), submission.capability(), submission.priority(), job.weight());
        job.waitsWith(ticket);
        onThread(job, () -> follow(job, ticket, () -> road.travel(job, ticket)));
    }

    /**
     * Admits a job, which goes on whoever goes away. The item comes once the submission is durable. With an idempotency
     * key that is known, it is the job that has it, also when there is no room for more. Fails with an
     * {@link AdmissionException}, or as {@link Journal#append} does; nothing is kept of the job then. With an idempotency
     * key the subscription may read files.
     */
    public Uni<Job> submit(Submission submission) {
        return submit(submission, _ -> {});
    }

    /**
     * Like {@link #submit(Submission)}.
     *
     * @param made hears of the job as soon as there is one, so that it can be cancelled before it is acknowledged; what it
     *     hears of may still be refused
     */
    public Uni<Job> submit(Submission submission, Consumer<Job> made) {
        return Uni.createFrom()
                .deferred(() -> attach(submission, submission.attendance().isPresent(), job -> {
                    job.keep();
                    made.accept(job);
                }));
    }

    /**
     * Like {@link #submit}, for a client that waits for the job on its connection: when it and all others that do so have
     * gone, and nobody submitted the job otherwise, it is cancelled. So it is when the service ends before the job has
     * begun, unless it has an idempotency key, with which the client can come back.
     */
    public Uni<Job.Hold> submitHeld(Submission submission) {
        return Uni.createFrom().deferred(() -> {
            var hold = new AtomicReference<Job.Hold>();
            boolean alone = submission.idempotencyKey().isEmpty();
            return attach(submission, alone, job -> hold.set(job.hold())).replaceWith(hold::get);
        });
    }

    private Uni<Job> attach(Submission submission, boolean attended, Consumer<Job> wanting) {
        // First of all: what was let in once is not asked again whether it may.
        var known = known(submission);
        if (known.isPresent()) {
            return join(known.get(), submission, wanting);
        }
        var event = requests.of(submission, attended);
        var job = new Job(
                JobView.submitted(event, 0, 0),
                settings.eventBuffer(),
                submission.arguments(),
                submission.attendance());
        wanting.accept(job);
        var other = shelf.put(job);
        if (other != job) {
            return join(other, submission, wanting);
        }
        final Admission.Ticket ticket;
        try {
            // Looked for once more, now that the key is taken: the one that had it may have left the shelf meanwhile.
            var overtaken = journaled(submission);
            if (overtaken.isPresent()) {
                giveUp(
                        job,
                        new AdmissionException.Unavailable(
                                "saturated", "another submission with this key was under way", RETRY));
                return join(overtaken.get(), submission, wanting);
            }
            ticket = admit(job);
        } catch (RuntimeException | Error e) {
            giveUp(job, e);
            throw e;
        }
        preparation.before(event).subscribe().with(_ -> enter(job, ticket, event), failure -> {
            ticket.close();
            giveUp(job, failure);
        });
        return job.acknowledged().replaceWith(job);
    }

    private void enter(Job job, Admission.Ticket ticket, JobEvent.Submitted event) {
        if (ticket.takesTurn()) {
            onThread(job, () -> begin(job, ticket, event));
        } else {
            // Elsewhere than on the log's writer thread: whoever waits may have much to do.
            journal.append(event)
                    .subscribe()
                    .with(
                            sequence -> onThread(
                                    job,
                                    () -> follow(job, ticket, () -> {
                                        // Before the answer, which has its place in the queue.
                                        job.waitsWith(ticket);
                                        acknowledge(job, event, sequence);
                                        road.travel(job, ticket);
                                    })),
                            failure -> onThread(job, () -> refuse(job, ticket, event, failure)));
        }
    }

    private void begin(Job job, Admission.Ticket ticket, JobEvent.Submitted event) {
        final Road.Entered entered;
        try {
            // Looked at once more, with a slot: a drain that began before waits for none that it does not see taken.
            requireRunning();
            entered = road.enter(job, event);
        } catch (RuntimeException | Error e) {
            refuse(job, ticket, event, e);
            return;
        }
        follow(job, ticket, () -> {
            acknowledge(job, event, entered.sequence());
            entered.rest().run();
        });
    }

    private void refuse(Job job, Admission.Ticket ticket, JobEvent.Submitted event, Throwable failure) {
        preparation.settled(event, false);
        ticket.close();
        giveUp(job, failure);
    }

    /** The job that has the key of this submission, wherever it is. */
    private Optional<Job> known(Submission submission) {
        return submission
                .idempotencyKey()
                .flatMap(key -> shelf.byKey(submission.agent(), key))
                .or(() -> journaled(submission));
    }

    private Optional<Job> journaled(Submission submission) {
        return submission
                .idempotencyKey()
                .flatMap(key -> journal.findByKey(submission.agent(), key))
                .flatMap(known -> find(known.jobId()));
    }

    private Uni<Job> join(Job known, Submission submission, Consumer<Job> wanting) {
        if (!known.sameRequest(requests.again(submission, known.submission()))) {
            return Uni.createFrom()
                    .failure(new AdmissionException.KeyReused("the Idempotency-Key \""
                            + submission.idempotencyKey().orElse("") + "\" was used for job " + known.id()
                            + ", which asked for something else; use a new key"));
        }
        wanting.accept(known);
        return known.acknowledged().replaceWith(known);
    }

    private void acknowledge(Job job, JobEvent.Submitted event, long sequence) {
        preparation.settled(event, true);
        job.moved(JobView.submitted(event, 0, sequence));
        observer.submitted(job.view());
        job.acknowledge();
    }

    private static void onThread(Job job, Runnable task) {
        Thread.ofVirtual().name("job-" + job.id()).start(task);
    }

    private void follow(Job job, Admission.Ticket ticket, Runnable road) {
        try {
            road.run();
        } catch (RuntimeException | Error e) {
            LOG.errorf(e, "job %s could not be brought to its end; it will be interrupted after a restart", job.id());
            job.lost(e);
        } finally {
            ticket.close();
            finished(job);
        }
    }

    private void finished(Job job) {
        if (job.view().state().ended()) {
            shelf.ended(job);
            observer.ended(job.view());
        }
    }

    private Admission.Ticket admit(Job job) {
        requireRunning();
        host.refusal().get().ifPresent(why -> {
            throw new AdmissionException.Guarded(why);
        });
        var submission = job.submission();
        capabilities.find(submission.capability()).ifPresent(asked -> tokens.require(submission.agent(), asked));
        return admission.admit(submission.agent(), submission.capability(), submission.priority(), job.weight());
    }

    /** Takes a job off the shelf again, counts and tells why; whoever joined it meanwhile hears it too. */
    private void giveUp(Job job, Throwable reason) {
        switch (reason) {
            // What can be tried again had no room; what was not granted is counted where that is found out.
            case AdmissionException e -> e.retryAfter().ifPresent(_ -> observer.refused(e.slug()));
            case LogException.NoSpace _ -> observer.refused("no-space");
            case LogException.Saturated _, JournalException.Saturated _ -> observer.refused("saturated");
            case LogException.Failed _, LogException.Closed _ -> observer.refused("journal-failed");
            // Not for want of room: the request cannot be kept, or the service has a fault, which is logged.
            default -> {}
        }
        shelf.remove(job);
        job.refused(reason);
    }

    private void requireRunning() {
        if (draining) {
            throw AdmissionException.draining();
        }
        switch (journal.health()) {
            case Health.Writable _ -> {}
            // Each append tries again, and the first that succeeds makes the journal writable.
            case Health.Full _ -> {}
            case Health.Failed failed ->
                throw new AdmissionException.Unavailable(
                        "journal-failed", "the journal cannot be written: " + failed.reason(), RETRY);
            case Health.Closed _ ->
                throw new AdmissionException.Unavailable(
                        "draining", "the journal is closed; the service is about to stop", RETRY);
        }
    }

    /**
     * Says what a job would do, and does nothing: nothing of it is journaled or kept. For the agent's rate it counts as a
     * submission. Blocks.
     *
     * @return the outcome as far as it can be told beforehand
     * @throws AdmissionException when the job would not be admitted whatever else is running
     */
    public Outcome rehearse(Submission submission) {
        var event = requests.of(submission, false);
        preparation.check(event);
        capabilities.find(event.capability()).ifPresent(asked -> tokens.require(event.agent(), asked));
        admission.charge(event.agent(), JsonWeight.of(submission.arguments()));
        return requests.rehearse(submission);
    }

    /** A job whose events the journal keeps. Reads files when it ended long ago. */
    public Optional<Job> find(String id) {
        return shelf.find(id).or(() -> journal.find(id).map(JobView::of).map(Job::recovered));
    }

    /**
     * Jobs that match, the newest submission first. Reads files.
     *
     * @param before a page's {@link JobPage#next}, or empty for the first page
     */
    public JobPage list(JobQuery query, OptionalLong before, int most) {
        return journal.list(query, before, most);
    }

    /**
     * Whether a job is known that has not ended. Reads files when it ended long ago.
     *
     * @throws JournalException.IndexDamaged if it cannot be looked for now
     */
    public boolean isLive(String id) {
        return journal.summary(id).filter(job -> job.endSequence() == 0).isPresent();
    }

    /**
     * Writes down that a job undid what another one had done, unless that is written already, or that one's events were
     * given up. Blocks until it is durable, also while the disk is full or the index is made anew: what was done cannot be
     * refused any more.
     *
     * @throws RuntimeException as {@link Journal#append} fails
     */
    public void rolledBack(JobEvent.RolledBack event) {
        rollbacks.write(event);
    }

    /** Jobs that are running or waiting. */
    public int live() {
        return admission.live();
    }

    /** Whether new jobs are refused since the service is about to stop. */
    public boolean draining() {
        return draining;
    }

    /**
     * Admits nothing more, waits for the jobs whose work is under way, and ends them when their time is up. What has not
     * started stays in the journal, for the next start. Blocks.
     */
    public void drain(Duration timeout) {
        draining = true;
        road.close(timeout);
    }
}
