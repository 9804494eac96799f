package dev.ringfence.api.job;

import dev.ringfence.catalog.AgentGrants;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.runner.capability.InvalidArguments;
import dev.ringfence.runner.capability.Invocation;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.capability.OutputFiles;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobPage;
import dev.ringfence.wal.journal.JobQuery;
import dev.ringfence.wal.journal.JobRecord;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.log.Health;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
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
    private final Function<Optional<String>, Optional<SandboxProfile>> profiles;
    private final Function<String, Optional<AgentGrants>> grants;
    private final Preparation preparation;
    private final JobObserver observer;
    private final Shelf shelf;
    private final Road road;
    private final AtomicInteger admitted = new AtomicInteger();
    private volatile boolean draining;

    /**
     * @param profiles the profile of a name, or without a name the default one
     * @param grants what an agent may ask for; empty for nothing at all
     * @param tiers the tier of the fence that a profile gets, if it can have one
     * @param preparation what has to be so before a submission is made durable
     */
    public Jobs(
            JobSettings settings,
            Journal journal,
            Capabilities capabilities,
            Function<Optional<String>, Optional<SandboxProfile>> profiles,
            Function<String, Optional<AgentGrants>> grants,
            Function<SandboxProfile, Optional<String>> tiers,
            Preparation preparation,
            JobObserver observer) {
        this.settings = settings;
        this.journal = journal;
        this.capabilities = capabilities;
        this.profiles = profiles;
        this.grants = grants;
        this.preparation = preparation;
        this.observer = observer;
        this.shelf = new Shelf(settings.retained());
        this.road = new Road(journal, capabilities, profiles, tiers, settings.concurrency(), () -> draining);
    }

    /**
     * Takes up the live jobs of an earlier life: submitted ones run. Started ones are begun again when their capability
     * and their caller allow it, and interrupted otherwise. Nothing of that life may still be running when this is
     * called. Blocks until it is durable.
     */
    public void recover(List<JobRecord> recovered) {
        for (var record : recovered) {
            var job = Job.recovered(JobView.of(record));
            shelf.restore(job);
            if (job.view().state() == JobView.State.SUBMITTED) {
                LOG.infof("job %s was acknowledged before the restart and had not started: it runs now", job.id());
            } else if (road.retry(job)) {
                LOG.infof(
                        "job %s was running when the service ended: it is begun again, as its caller allowed",
                        job.id());
            } else {
                LOG.infof("job %s was running when the service ended: it is interrupted", job.id());
                road.interrupt(job);
                finished(job);
                continue;
            }
            admitted.incrementAndGet();
            travel(job);
        }
    }

    /**
     * Admits a job, which goes on whoever goes away. The item comes once the submission is durable. With an idempotency
     * key that is known, it is the job that has it, also when there is no room for more. Fails with an
     * {@link AdmissionException}, or as {@link Journal#append} does; nothing is kept of the job then. With an idempotency
     * key the subscription may read files.
     */
    public Uni<Job> submit(Submission submission) {
        return Uni.createFrom().deferred(() -> attach(submission, Job::keep));
    }

    /**
     * Like {@link #submit}, for a client that waits for the job on its connection: when it and all others that do so have
     * gone, and nobody submitted the job otherwise, it is cancelled.
     */
    public Uni<Job.Hold> submitHeld(Submission submission) {
        return Uni.createFrom().deferred(() -> {
            var hold = new AtomicReference<Job.Hold>();
            return attach(submission, job -> hold.set(job.hold())).replaceWith(hold::get);
        });
    }

    private Uni<Job> attach(Submission submission, Consumer<Job> wanting) {
        var event = request(submission);
        var known = known(event);
        if (known.isPresent()) {
            return join(known.get(), event, wanting);
        }
        admit();
        var job = new Job(
                JobView.submitted(event, 0), settings.eventBuffer(), submission.arguments(), submission.attendance());
        wanting.accept(job);
        var other = shelf.put(job);
        if (other != job) {
            release();
            return join(other, event, wanting);
        }
        // Looked for once more, now that the key is taken: the one that had it may have left the shelf meanwhile.
        var overtaken = journaled(event);
        if (overtaken.isPresent()) {
            shelf.remove(job);
            release();
            job.refused(refused("saturated", "another submission with this key was under way"));
            return join(overtaken.get(), event, wanting);
        }
        preparation.before(event).subscribe().with(_ -> write(job, event), failure -> givenUp(job, failure));
        return job.acknowledged().replaceWith(job);
    }

    private void write(Job job, JobEvent.Submitted event) {
        journal.append(event)
                .subscribe()
                .with(
                        _ -> {
                            preparation.settled(event, true);
                            acknowledged(job);
                        },
                        failure -> {
                            preparation.settled(event, false);
                            givenUp(job, failure);
                        });
    }

    private void givenUp(Job job, Throwable failure) {
        shelf.remove(job);
        release();
        job.refused(failure);
    }

    /** The job that has the key of this submission, wherever it is. */
    private Optional<Job> known(JobEvent.Submitted event) {
        var key = event.idempotencyKey();
        if (key == null) {
            return Optional.empty();
        }
        return shelf.byKey(event).or(() -> journal.findByKey(event.agent(), key).flatMap(known -> find(known.jobId())));
    }

    private Optional<Job> journaled(JobEvent.Submitted event) {
        var key = event.idempotencyKey();
        return key == null
                ? Optional.empty()
                : journal.findByKey(event.agent(), key).flatMap(known -> find(known.jobId()));
    }

    private static Uni<Job> join(Job known, JobEvent.Submitted event, Consumer<Job> wanting) {
        if (!known.sameRequest(event)) {
            return Uni.createFrom()
                    .failure(new AdmissionException.KeyReused("the Idempotency-Key \"" + event.idempotencyKey()
                            + "\" was used for job " + known.id() + ", which asked for something else; use a new key"));
        }
        wanting.accept(known);
        return known.acknowledged().replaceWith(known);
    }

    private void acknowledged(Job job) {
        job.moved(job.view());
        observer.submitted(job.view());
        job.acknowledge();
        travel(job);
    }

    private void travel(Job job) {
        Thread.ofVirtual().name("job-" + job.id()).start(() -> {
            try {
                road.travel(job);
            } catch (RuntimeException e) {
                LOG.errorf(
                        e, "job %s could not be brought to its end; it will be interrupted after a restart", job.id());
                job.lost(e);
            } finally {
                release();
                finished(job);
            }
        });
    }

    private void finished(Job job) {
        if (job.view().state().ended()) {
            shelf.ended(job);
            observer.ended(job.view());
        }
    }

    private void release() {
        admitted.decrementAndGet();
    }

    /** What is asked, with the defaults filled in. */
    private JobEvent.Submitted request(Submission submission) {
        var capability = capability(submission);
        var profile = profile(submission, capability);
        requireGranted(submission.agent(), capability.name(), profile.name());
        var deadline = deadline(submission, capability);
        if (submission.retries() > 0 && !capability.repeatable()) {
            throw new AdmissionException.Invalid(
                    "not-repeatable",
                    "retries is " + submission.retries() + ", and " + capability.name()
                            + " is not repeatable: beginning it again after an interruption may do its effect twice;"
                            + " leave retries out");
        }
        return new JobEvent.Submitted(
                UUID.randomUUID().toString(),
                Instant.now(),
                submission.agent(),
                submission.session().orElse(null),
                capability.name(),
                submission
                        .attendance()
                        .map(attended -> attended.kept().apply(submission.arguments()))
                        .orElse(submission.arguments()),
                profile.name(),
                deadline,
                submission.idempotencyKey().orElse(null),
                submission.retries(),
                submission.retryOf().orElse(null),
                submission.webhook().orElse(null));
    }

    /** Counts a job in; whoever calls it must see to {@link #release()}. */
    private void admit() {
        if (draining) {
            throw refused("draining", "the service is about to stop; ask another one, or this one after its restart");
        }
        switch (journal.health()) {
            case Health.Writable _ -> {}
            // Each append tries again, and the first that succeeds makes the journal writable.
            case Health.Full _ -> {}
            case Health.Failed failed ->
                throw refused("journal-failed", "the journal cannot be written: " + failed.reason());
            case Health.Closed _ -> throw refused("draining", "the journal is closed; the service is about to stop");
        }
        long room = (long) settings.concurrency() + settings.queue();
        if (admitted.incrementAndGet() > room) {
            release();
            throw refused("saturated", room + " jobs are running or waiting, and there is no room for more");
        }
    }

    private Capability capability(Submission submission) {
        return capabilities
                .find(submission.capability())
                .orElseThrow(() -> new AdmissionException.Invalid(
                        "unknown-capability",
                        "there is no capability \"" + submission.capability() + "\"; there are "
                                + capabilities.all().stream()
                                        .map(Capability::name)
                                        .toList()));
    }

    private SandboxProfile profile(Submission submission, Capability capability) {
        var name = submission.profile().or(capability::profile);
        return profiles.apply(name)
                .orElseThrow(() -> new AdmissionException.Invalid(
                        "unknown-profile",
                        "there is no sandbox profile \"" + name.orElse("") + "\"; GET /api/v1/fence lists them"));
    }

    /** As asked, but no longer than the capability allows. */
    private Duration deadline(Submission submission, Capability capability) {
        var asked = submission.deadline().or(capability::deadline).orElse(settings.defaultDeadline());
        if (!JobSettings.possible(asked)) {
            throw new AdmissionException.Invalid(
                    "invalid-deadline",
                    "a deadline of " + asked + " is not possible; from 1 ms to " + JobSettings.LONGEST.toHours()
                            + " h is");
        }
        return capability.deadline().filter(most -> most.compareTo(asked) < 0).orElse(asked);
    }

    /**
     * Says what a job would do, and does nothing: nothing of it is journaled or kept. Blocks.
     *
     * @return the outcome as far as it can be told beforehand
     * @throws AdmissionException when the job would not be admitted whatever else is running
     */
    public Outcome rehearse(Submission submission) {
        var capability = capability(submission);
        var profile = profile(submission, capability);
        requireGranted(submission.agent(), capability.name(), profile.name());
        var deadline = deadline(submission, capability);
        try {
            capabilities.validate(capability, submission.arguments());
            return capability.dryRun(new Invocation(
                    "dry-run",
                    submission.agent(),
                    submission.arguments(),
                    profile,
                    deadline,
                    OutputFiles.NONE,
                    submission.session()));
        } catch (InvalidArguments e) {
            throw new AdmissionException.Invalid("invalid-arguments", String.valueOf(e.getMessage()));
        }
    }

    private void requireGranted(String agent, String capability, String profile) {
        var granted = grants.apply(agent)
                .orElseThrow(() -> notGranted("there is no table [agents." + agent + "] in the catalog"));
        requireEnforceable(granted);
        if (!granted.allowsCapability(capability)) {
            throw notGranted("agents." + agent + ".capabilities does not have " + capability);
        }
        if (!granted.allowsProfile(profile)) {
            throw notGranted("agents." + agent + ".profiles does not have " + profile);
        }
    }

    /** A limit that nothing enforces must not look as if it held. */
    private void requireEnforceable(AgentGrants granted) {
        if (granted.roots().isPresent()
                || granted.weight() != 1
                || granted.maxConcurrent().isPresent()
                || granted.maxQueued().isPresent()
                || granted.jobsPerMinute().isPresent()
                || granted.tokensPerDay().isPresent()) {
            throw notGranted("agents." + granted.agent() + " has one of roots, weight, max_concurrent, max_queued,"
                    + " jobs_per_minute, tokens_per_day, which this version cannot enforce: leave them out");
        }
    }

    private AdmissionException notGranted(String message) {
        observer.refused("not-granted");
        return new AdmissionException.NotGranted(message + "; the operator grants it there");
    }

    private AdmissionException refused(String slug, String message) {
        observer.refused(slug);
        return new AdmissionException.Unavailable(slug, message, RETRY);
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

    /** Jobs that are running or waiting. */
    public int live() {
        return admitted.get();
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
