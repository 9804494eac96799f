package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.runner.capability.InvalidArguments;
import dev.ringfence.runner.capability.Invocation;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.capability.OutputFiles;
import dev.ringfence.wal.journal.JobEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/** Finds out what a submission asks for, and whether its agent may. Thread-safe. */
final class Requests {
    private final Duration defaultDeadline;
    private final Capabilities capabilities;
    private final Terms terms;
    private final Consumer<String> refused;

    /** @param refused is told, in the problem's word, whenever an agent asked for what it may not */
    Requests(Duration defaultDeadline, Capabilities capabilities, Terms terms, Consumer<String> refused) {
        this.defaultDeadline = defaultDeadline;
        this.capabilities = capabilities;
        this.terms = terms;
        this.refused = refused;
    }

    /** What a submission comes to, with the defaults filled in. */
    private record Asked(Capability capability, SandboxProfile profile, Duration deadline) {}

    /**
     * What is asked, as an event with a new id and the defaults filled in.
     *
     * @param attended whether it is done for a client alone that waits on its connection
     * @throws AdmissionException when it cannot be admitted whatever else is running
     */
    JobEvent.Submitted of(Submission submission, boolean attended) {
        var asked = asked(submission);
        return event(
                submission,
                kept(submission, Optional.of(asked.capability())),
                asked.profile().name(),
                asked.deadline(),
                attended);
    }

    /**
     * What is asked by one who says that it was asked before: what is left out is as it was then, whatever the defaults are
     * by now, and whether it may still be asked does not matter.
     */
    JobEvent.Submitted again(Submission submission, JobEvent.Submitted known) {
        var capability = capabilities.find(submission.capability());
        var deadline = submission
                .deadline()
                .map(asked -> limited(asked, capability.flatMap(Capability::deadline)))
                .orElse(known.deadline());
        return event(
                submission,
                kept(submission, capability),
                submission.profile().orElse(known.profile()),
                deadline,
                known.attended());
    }

    private static JobEvent.Submitted event(
            Submission submission, JsonNode arguments, String profile, Duration deadline, boolean attended) {
        return new JobEvent.Submitted(
                UUID.randomUUID().toString(),
                Instant.now(),
                submission.agent(),
                submission.session().orElse(null),
                submission.capability(),
                arguments,
                profile,
                deadline,
                submission.idempotencyKey().orElse(null),
                submission.retries(),
                submission.priority(),
                submission.tier().map(FenceTier::externalName).orElse(null),
                submission.retryOf().orElse(null),
                submission.webhook().orElse(null),
                attended,
                submission.by().orElse(null));
    }

    /** What the journal has of the arguments. */
    private static JsonNode kept(Submission submission, Optional<Capability> capability) {
        var arguments = submission.arguments();
        return submission
                .attendance()
                .map(attendance -> attendance.kept().arguments(arguments))
                .or(() -> capability.map(asked -> asked.shown(arguments)))
                .orElse(arguments);
    }

    private Asked asked(Submission submission) {
        var capability = capability(submission);
        var profile = profile(submission, capability);
        requireGranted(submission.agent(), capability.name(), profile.name());
        submission.tier().ifPresent(tier -> requireTier(tier, capability, profile));
        var deadline = deadline(submission, capability);
        if (submission.retries() > 0 && !capability.repeatable()) {
            throw new AdmissionException.Invalid(
                    "not-repeatable",
                    "retries is " + submission.retries() + ", and " + capability.name()
                            + " is not repeatable: beginning it again after an interruption may do its effect twice;"
                            + " leave retries out");
        }
        return new Asked(capability, submission.tier().map(profile::inTier).orElse(profile), deadline);
    }

    private void requireTier(FenceTier tier, Capability capability, SandboxProfile profile) {
        if (!capability.fenced()) {
            throw new AdmissionException.Invalid(
                    "no-fence-of-its-own",
                    "tier is " + tier.externalName() + ", and " + capability.name()
                            + " does not run in a fence of its job's profile; leave tier out");
        }
        if (profile.tier().filter(least -> tier.compareTo(least) > 0).isPresent()) {
            throw new AdmissionException.Invalid(
                    "weaker-tier",
                    "tier is " + tier.externalName() + ", which is weaker than what the profile " + profile.name()
                            + " demands: " + profile.tier().get().externalName());
        }
        if (terms.tier(profile.inTier(tier)).isEmpty()) {
            throw new AdmissionException.Invalid(
                    "tier-unavailable",
                    "this host cannot build the fence of the profile " + profile.name() + " in the tier "
                            + tier.externalName() + "; GET /api/v1/fence says why, and what to do about it");
        }
    }

    /**
     * Says what a job would do, and does nothing: nothing of it is journaled or kept. Blocks.
     *
     * @return the outcome as far as it can be told beforehand
     * @throws AdmissionException when the job would not be admitted whatever else is running
     */
    Outcome rehearse(Submission submission) {
        var asked = asked(submission);
        var capability = asked.capability();
        try {
            capabilities.validate(capability, submission.arguments());
            return capability.dryRun(new Invocation(
                    "dry-run",
                    submission.agent(),
                    submission.arguments(),
                    asked.profile(),
                    asked.deadline(),
                    OutputFiles.NONE,
                    submission.session()));
        } catch (InvalidArguments e) {
            return new Outcome.Failed(
                    "invalid-arguments", String.valueOf(e.getMessage()), JsonNodeFactory.instance.objectNode());
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
        return terms.profile(name)
                .orElseThrow(() -> new AdmissionException.Invalid(
                        "unknown-profile",
                        "there is no sandbox profile \"" + name.orElse("") + "\"; GET /api/v1/fence lists them"));
    }

    /** As asked, if need be by the arguments, but no longer than the capability allows. */
    private Duration deadline(Submission submission, Capability capability) {
        var asked = submission
                .deadline()
                .or(() -> capability.deadline(submission.arguments()))
                .or(capability::deadline)
                .orElse(defaultDeadline);
        if (!JobSettings.possible(asked)) {
            throw new AdmissionException.Invalid(
                    "invalid-deadline",
                    "a deadline of " + asked + " is not possible; from 1 ms to " + JobSettings.LONGEST.toHours()
                            + " h is");
        }
        return limited(asked, capability.deadline());
    }

    private static Duration limited(Duration asked, Optional<Duration> most) {
        return most.filter(limit -> limit.compareTo(asked) < 0).orElse(asked);
    }

    private void requireGranted(String agent, String capability, String profile) {
        var granted = terms.grants(agent)
                .orElseThrow(() -> notGranted("there is no table [agents." + agent + "] in the catalog"));
        if (!granted.allowsCapability(capability)) {
            throw notGranted("agents." + agent + ".capabilities does not have " + capability);
        }
        if (!granted.allowsProfile(profile)) {
            throw notGranted("agents." + agent + ".profiles does not have " + profile);
        }
    }

    private AdmissionException notGranted(String message) {
        var refusal = new AdmissionException.NotGranted(message + "; the operator grants it there");
        refused.accept(refusal.slug());
        return refusal;
    }
}
