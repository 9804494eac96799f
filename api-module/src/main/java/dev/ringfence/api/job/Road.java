package dev.ringfence.api.job;

import static dev.ringfence.api.job.Endings.cancelled;
import static dev.ringfence.api.job.Endings.failed;
import static dev.ringfence.api.job.Endings.nothing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.runner.capability.InvalidArguments;
import dev.ringfence.runner.capability.Invocation;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.wal.journal.BlobRef;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/**
 * The one road that every job takes:
 *
 * <pre>
 * submitted ─► a slot is free ─► schema ─► journal: started ─► fence and run ─► tree gone ─► journal: end ─► result
 * </pre>
 *
 * A step that has an effect outside follows only what the journal has made durable. A job that finds a free slot when it is
 * submitted is journaled as submitted and started at once, which spares it a sync.
 */
final class Road {
    private static final Logger LOG = Logger.getLogger(Road.class);
    private static final Duration STOP = Duration.ofSeconds(20);

    private final Journal journal;
    private final Capabilities capabilities;
    private final Terms terms;

    /** The jobs that have a slot. */
    private final Set<Job> travelling = ConcurrentHashMap.newKeySet();

    private final Admission admission;
    private final TokenQuota tokens;
    private final JobHost host;
    private final Endings endings;
    private final BooleanSupplier draining;

    Road(
            Journal journal,
            Capabilities capabilities,
            Terms terms,
            Admission admission,
            TokenQuota tokens,
            JobHost host,
            BooleanSupplier draining) {
        this.journal = journal;
        this.capabilities = capabilities;
        this.terms = terms;
        this.admission = admission;
        this.tokens = tokens;
        this.host = host;
        this.endings = new Endings(journal, tokens, host, draining);
        this.draining = draining;
    }

    /** Brings a submitted job to its end; or leaves it as it is, for the next start, when the service stops first. */
    void travel(Job job, Admission.Ticket ticket) {
        if (!turn(job, ticket)) {
            ticket.close();
            endings.end(job, cancelled(job, nothing()));
            return;
        }
        travelling.add(job);
        try {
            if (draining.getAsBoolean()) {
                // Whoever waits for it learns that it takes a restart.
                job.lost(AdmissionException.draining());
            } else {
                run(job);
            }
        } finally {
            travelling.remove(job);
            ticket.close();
        }
    }

    /** Waits for its turn; false when the job was cancelled before it came. */
    private static boolean turn(Job job, Admission.Ticket ticket) {
        try {
            if (!job.waits()) {
                return false;
            }
            ticket.awaitTurn();
            return true;
        } catch (InterruptedException e) {
            return false;
        } finally {
            job.waitsNoMore();
        }
    }

    /** The job was under way when an earlier life of the service ended; nothing of it is left. */
    void interrupt(Job job) {
        endings.end(
                job,
                new JobEvent.Interrupted(
                        job.id(),
                        Instant.now(),
                        "the service ended while the work was under way; what it had done by then is not known",
                        nothing()));
    }

    /**
     * Begins a job's work again that was under way when an earlier life of the service ended, if that does no harm, its
     * caller allowed it so often, and it was not for a client that is gone; nothing of that work is left. False if not.
     */
    boolean retry(Job job) {
        int attempts = job.view().fate().attempts();
        var capability = capabilities.find(job.submission().capability());
        if (job.submission().attended()
                || attempts > job.submission().retries()
                || !capability.map(Capability::repeatable).orElse(false)) {
            return false;
        }
        var _ = endings.write(List.of(new JobEvent.Retried(
                job.id(), Instant.now(), "the service ended while the work was under way", attempts)));
        job.moved(JobView.submitted(
                job.submission(), attempts, job.view().fate().places().submitted()));
        return true;
    }

    /**
     * Waits for the work that is under way, then ends it, also where it is only about to start. The service is draining,
     * so no other work begins.
     */
    void close(Duration timeout) {
        if (idle(timeout)) {
            return;
        }
        travelling.forEach(job -> job.cancel("the service was stopped"));
        if (!idle(STOP)) {
            LOG.warnf("jobs would not end within %d s of being told to", STOP.toSeconds());
        }
    }

    /** Whether all slots became free in time; jobs that still wait for one then find that the service is draining. */
    private boolean idle(Duration timeout) {
        try {
            return admission.awaitIdle(timeout);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * Journals a submission that has a slot already, and with it whatever is known to follow. Blocks.
     *
     * @throws RuntimeException as {@link Journal#append} fails; nothing is kept of the job then
     */
    Entered enter(Job job, JobEvent.Submitted submission) {
        travelling.add(job);
        try {
            var first = first(job);
            if (first instanceof First.Ended over) {
                // Watchers hear of the submission before it.
                endings.complete(over.end(), new JobView.Places(0, 0, 0, 2));
            }
            var events = new ArrayList<JobEvent>(List.of(submission));
            events.addAll(first.events());
            long last = journal.append(events).await().indefinitely();
            return new Entered(last - first.events().size(), () -> {
                try {
                    follow(job, first, last);
                } finally {
                    travelling.remove(job);
                }
            });
        } catch (RuntimeException | Error e) {
            travelling.remove(job);
            throw e;
        }
    }

    /**
     * A submission that is durable.
     *
     * @param sequence its place in the journal
     * @param rest what is left to do, once the caller has been told
     */
    record Entered(long sequence, Runnable rest) {}

    private void run(Job job) {
        var first = first(job);
        if (first instanceof First.Ended over) {
            endings.complete(over.end(), Endings.before(job));
        }
        follow(job, first, endings.write(first.events()));
    }

    /** @param sequence the place of the last of the events that the job began with */
    private void follow(Job job, First first, long sequence) {
        switch (first) {
            case First.Ended over -> endings.ended(job, over.end(), sequence);
            case First.Begun begun -> {
                var fate = job.view().fate();
                job.moved(JobView.started(
                        job.submission(),
                        begun.started(),
                        fate.attempts() + 1,
                        new JobView.Places(fate.places().submitted(), sequence, 0, 0)));
                // Held until the end that names them is durable, so that nothing takes them for left over.
                try (var outputs = new JobOutputs(journal.blobs())) {
                    var ending = work(job, begun.capability(), begun.profile(), outputs);
                    endings.end(job, ending.notes(), ending.end());
                }
            }
        }
    }

    /** What happens to a job when its turn has come. */
    private sealed interface First {
        List<JobEvent> events();

        record Ended(JobEvent.End end) implements First {
            @Override
            public List<JobEvent> events() {
                return List.of(end);
            }
        }

        record Begun(
                Capability capability, SandboxProfile profile, JobEvent.Validated validated, JobEvent.Started started)
                implements First {
            @Override
            public List<JobEvent> events() {
                return List.of(validated, started);
            }
        }
    }

    private First first(Job job) {
        var submission = job.submission();
        if (job.cancellation().isPresent()) {
            return new First.Ended(cancelled(job, nothing()));
        }
        var capability = capabilities.find(submission.capability());
        var profile = terms.profile(Optional.of(submission.profile()))
                .map(found -> Optional.ofNullable(submission.tier())
                        .flatMap(FenceTier::named)
                        .map(found::inTier)
                        .orElse(found));
        if (capability.isEmpty() || profile.isEmpty()) {
            // Both were there when the job was admitted: it comes from before a restart with other settings.
            return new First.Ended(failed(
                    job,
                    capability.isEmpty() ? "unknown-capability" : "unknown-profile",
                    "the service was restarted without "
                            + (capability.isEmpty()
                                    ? "the capability " + submission.capability()
                                    : "the sandbox profile " + submission.profile())));
        }
        try {
            capabilities.validate(capability.get(), job.arguments());
        } catch (InvalidArguments e) {
            return new First.Ended(failed(job, "invalid-arguments", String.valueOf(e.getMessage())));
        }
        var exhausted = exhausted(submission, capability.get());
        if (exhausted.isPresent()) {
            return new First.Ended(
                    failed(job, "tokens-exhausted", exhausted.get().message()));
        }
        var validated = new JobEvent.Validated(job.id(), Instant.now());
        var started = new JobEvent.Started(
                job.id(),
                Instant.now(),
                capability.get().fenced() ? terms.tier(profile.get()).orElse(null) : null);
        return job.cancellation().isPresent()
                ? new First.Ended(cancelled(job, nothing()))
                : new First.Begun(capability.get(), profile.get(), validated, started);
    }

    private Optional<TokenQuota.Exhausted> exhausted(JobEvent.Submitted submission, Capability capability) {
        try {
            return tokens.exhausted(submission.agent(), capability);
        } catch (JournalException e) {
            // Older jobs cannot be read now. What was acknowledged is done; new ones are refused meanwhile.
            LOG.warnf("the tokens of agent %s are not known: %s", submission.agent(), e.getMessage());
            return Optional.empty();
        }
    }

    /** What is to be written when the work has ended. */
    private record Ending(List<JobEvent.Note> notes, JobEvent.End end) {
        /** The capability came to no outcome. */
        Ending(JobEvent.End end) {
            this(List.of(), end);
        }
    }

    private Ending work(Job job, Capability capability, SandboxProfile profile, JobOutputs outputs) {
        var submission = job.submission();
        var invocation = new Invocation(
                job.id(),
                submission.agent(),
                job.arguments(),
                profile,
                submission.deadline(),
                outputs,
                Optional.ofNullable(submission.session()));
        var before = host.telemetry().get();
        Outcome outcome;
        try {
            var execution = capability.start(invocation, job.sink());
            job.runs(execution);
            outcome = execution.outcome().await().indefinitely();
        } catch (InvalidArguments e) {
            return new Ending(failed(
                    job, "invalid-arguments", String.valueOf(e.getMessage()), endings.measured(nothing(), before)));
        } catch (RuntimeException | Error e) {
            // A capability promises not to; a job that it broke must come to its end all the same.
            LOG.errorf(
                    e,
                    "job %s: the capability %s failed for a reason that is none of the job's",
                    job.id(),
                    capability.name());
            return new Ending(failed(
                    job, "internal", "the service failed; its log says why", endings.measured(nothing(), before)));
        }
        var notes = OutcomeNotes.of(job.id(), outcome);
        return new Ending(
                notes, endOf(job, outcome, endings.measured(job.kept(outcome.data()), before), outputs.finished()));
    }

    private static JobEvent.End endOf(Job job, Outcome outcome, JsonNode data, List<BlobRef> blobs) {
        return switch (outcome) {
            case Outcome.Completed _ -> new JobEvent.Completed(job.id(), Instant.now(), data, blobs);
            case Outcome.Failed failed ->
                new JobEvent.Failed(job.id(), Instant.now(), failed.type(), job.kept(failed), data, blobs);
            case Outcome.TimedOut late -> new JobEvent.TimedOut(job.id(), Instant.now(), late.limit(), data, blobs);
            case Outcome.Cancelled _ -> cancelled(job, data, blobs);
        };
    }
}
