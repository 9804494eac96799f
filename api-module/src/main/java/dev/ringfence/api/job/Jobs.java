package dev.ringfence.api.job;

import dev.ringfence.catalog.AgentGrants;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobRecord;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.log.Health;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
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
    private final JobObserver observer;
    private final Shelf shelf;
    private final Road road;
    private final AtomicInteger admitted = new AtomicInteger();
    private volatile boolean draining;

    /**
     * @param profiles the profile of a name, or without a name the default one
     * @param grants what an agent may ask for; empty for nothing at all
     */
    public Jobs(
            JobSettings settings,
            Journal journal,
            Capabilities capabilities,
            Function<Optional<String>, Optional<SandboxProfile>> profiles,
            Function<String, Optional<AgentGrants>> grants,
            JobObserver observer) {
        this.settings = settings;
        this.journal = journal;
        this.capabilities = capabilities;
        this.profiles = profiles;
        this.grants = grants;
        this.observer = observer;
        this.shelf = new Shelf(settings.retained());
        this.road = new Road(journal, capabilities, profiles, settings.concurrency(), () -> draining);
    }

    /**
     * Takes up what the journal tells: ended jobs can be asked for again, started ones are interrupted, submitted ones
     * run. Nothing of an earlier life may still be running when this is called. Blocks until it is durable.
     */
    public void recover(List<JobRecord> recovered) {
        for (var record : recovered) {
            var job = Job.recovered(JobView.of(record));
            shelf.restore(job);
            switch (job.view().state()) {
                case SUBMITTED -> {
                    LOG.infof("job %s was acknowledged before the restart and had not started: it runs now", job.id());
                    admitted.incrementAndGet();
                    travel(job);
                }
                case STARTED -> {
                    LOG.infof("job %s was running when the service ended: it is interrupted", job.id());
                    road.interrupt(job);
                    finished(job);
                }
                default -> {}
            }
        }
    }

    /**
     * Admits a job. The item comes once the submission is durable. Fails with an {@link AdmissionException}, or as
     * {@link Journal#append} does; nothing is kept of the job then.
     */
    public Uni<Job> submit(Submission submission) {
        return Uni.createFrom().deferred(() -> {
            var event = admit(submission);
            var job = new Job(
                    new JobView(event, JobView.State.SUBMITTED, null, null, null, null), settings.eventBuffer());
            var known = shelf.put(job);
            if (known != job) {
                release();
                return known.sameRequest(event)
                        ? known.acknowledged().replaceWith(known)
                        : Uni.createFrom()
                                .failure(new AdmissionException.KeyReused("the Idempotency-Key \""
                                        + event.idempotencyKey() + "\" was used for job " + known.id()
                                        + ", which asked for something else; use a new key"));
            }
            journal.append(event).subscribe().with(_ -> acknowledged(job), failure -> {
                shelf.remove(job);
                release();
                job.refused(failure);
            });
            return job.acknowledged().replaceWith(job);
        });
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
            shelf.ended();
            observer.ended(job.view());
        }
    }

    private void release() {
        admitted.decrementAndGet();
    }

    /** Counts the job in; whoever gets an event back must see to {@link #release()}. */
    private JobEvent.Submitted admit(Submission submission) {
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
        var capability = capabilities
                .find(submission.capability())
                .orElseThrow(() -> new AdmissionException.Invalid(
                        "unknown-capability",
                        "there is no capability \"" + submission.capability() + "\"; there are "
                                + capabilities.all().stream()
                                        .map(Capability::name)
                                        .toList()));
        var profile = profiles.apply(submission.profile())
                .orElseThrow(() -> new AdmissionException.Invalid(
                        "unknown-profile",
                        "there is no sandbox profile \"" + submission.profile().orElse("")
                                + "\"; GET /api/v1/fence lists them"));
        requireGranted(submission.agent(), capability.name(), profile.name());
        var deadline = submission.deadline().orElse(settings.defaultDeadline());
        if (!JobSettings.possible(deadline)) {
            throw new AdmissionException.Invalid(
                    "invalid-deadline",
                    "a deadline of " + deadline + " is not possible; from 1 ms to " + JobSettings.LONGEST.toHours()
                            + " h is");
        }
        long room = (long) settings.concurrency() + settings.queue();
        if (admitted.incrementAndGet() > room) {
            release();
            throw refused("saturated", room + " jobs are running or waiting, and there is no room for more");
        }
        return new JobEvent.Submitted(
                UUID.randomUUID().toString(),
                Instant.now(),
                submission.agent(),
                capability.name(),
                submission.arguments(),
                profile.name(),
                deadline,
                submission.idempotencyKey().orElse(null));
    }

    private void requireGranted(String agent, String capability, String profile) {
        var granted = grants.apply(agent)
                .orElseThrow(() -> notGranted("there is no table [agents." + agent + "] in the catalog"));
        if (!granted.allowsCapability(capability)) {
            throw notGranted("agents." + agent + ".capabilities does not have " + capability);
        }
        if (!granted.allowsProfile(profile)) {
            throw notGranted("agents." + agent + ".profiles does not have " + profile);
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

    /** A job that is live, or ended not too long ago. */
    public Optional<Job> find(String id) {
        return shelf.find(id);
    }

    /** Newest first. */
    public List<Job> newest(int most) {
        return newest(most, _ -> true);
    }

    /** Newest first, and only those that are wanted. */
    public List<Job> newest(int most, Predicate<Job> wanted) {
        return shelf.newest(most, wanted);
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
        road.close(timeout, shelf::live);
    }
}
