package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.AgentGrants;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.wal.journal.JobQuery;
import dev.ringfence.wal.journal.Journal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What agents' models have read and written within 24 hours. The journal is what is believed: the first question about
 * an agent after a start reads its jobs there, and from then on each end is added. Only agents with a quota are counted.
 *
 * <p>A job is let in, and begun, while its agent has any tokens left: how many it will take is known at its end, so an
 * agent can go over its quota by what its jobs that run at the same time take. Thread-safe; may read files.
 */
final class TokenQuota {
    private static final Duration WINDOW = Duration.ofHours(24);

    /** What has passed out of the window is kept for so long: a clock that goes back by less brings nothing up again. */
    private static final Duration SLACK = Duration.ofHours(1);

    /**
     * What an answer costs that nobody counted, since it was broken off or its service does not count: about this many
     * characters make a token.
     */
    private static final int CHARACTERS_OF_A_TOKEN = 4;

    /** No answer has more. */
    private static final long MOST_TOKENS = 1_000_000_000;

    /** An answer that was begun, and whose end cannot be made sense of, or not taken. */
    private static final Set<String> BEGUN = Set.of("engine-misbehaved", "too-many-vectors");

    private static final int PAGE = 1000;

    /**
     * So many jobs in a row that were submitted too long ago to matter are looked past: a clock that was wrong for a while,
     * as before the network puts it right, gives times that say nothing of what came before.
     */
    private static final int OLD_ONES = 10_000;

    /** How long it can take from a job's end in the journal until it is told here. */
    private static final Duration TELLING = Duration.ofMinutes(1);

    private final Journal journal;
    private final Capabilities capabilities;
    private final Terms terms;
    private final InstantSource clock;
    private final Map<String, Ledger> ledgers = new ConcurrentHashMap<>();

    /**
     * One agent's tokens by the minute in which a job that used them ended. Guarded by itself: while it is being read from
     * the journal, which can take long, only this agent waits.
     */
    private static final class Ledger {
        /** A journal that cannot be read must not look like no use. */
        private boolean complete;

        /** The latest that the clock has been here: what had long passed out of the window by then is not here. */
        private Instant latest = Instant.EPOCH;

        /** Jobs that were read and whose end may still be told here as well. */
        private final Set<String> read = new HashSet<>();

        private final TreeMap<Instant, Long> minutes = new TreeMap<>();

        /** False also for a clock that was ahead, and was put right: what was forgotten meanwhile counts again. */
        boolean completeAt(Instant now) {
            return complete && !now.isBefore(latest.minus(SLACK));
        }

        void clear(Instant now) {
            complete = false;
            latest = now;
            read.clear();
            minutes.clear();
        }

        void add(Instant at, long tokens) {
            minutes.merge(at.truncatedTo(ChronoUnit.MINUTES), tokens, Long::sum);
        }

        long sum(Instant now) {
            latest = now.isAfter(latest) ? now : latest;
            minutes.headMap(latest.minus(WINDOW).minus(SLACK)).clear();
            // Of a clock that was ahead, and was put right: such a job has ended by now, and counts from now on.
            var ahead = minutes.tailMap(now, false);
            if (!ahead.isEmpty()) {
                long tokens = ahead.values().stream().mapToLong(Long::longValue).sum();
                ahead.clear();
                add(now, tokens);
            }
            return window(now).values().stream().mapToLong(Long::longValue).sum();
        }

        private Map<Instant, Long> window(Instant now) {
            return minutes.tailMap(now.minus(WINDOW));
        }

        /** When so much will have passed out of the window that less than the quota is left in it. */
        Instant freeAt(Instant now, long quota) {
            long left = sum(now);
            for (var minute : window(now).entrySet()) {
                left -= minute.getValue();
                if (left < quota) {
                    return minute.getKey().plus(WINDOW).plus(1, ChronoUnit.MINUTES);
                }
            }
            return now.plus(WINDOW);
        }
    }

    /** The quota is used up. */
    record Exhausted(String message, Duration retryAfter) {}

    TokenQuota(Journal journal, Capabilities capabilities, Terms terms, InstantSource clock) {
        this.journal = journal;
        this.capabilities = capabilities;
        this.terms = terms;
        this.clock = clock;
    }

    /**
     * Lets those through who have tokens left, or need none.
     *
     * @throws AdmissionException.TooMany when the capability asks a model and the agent has no tokens left
     */
    void require(String agent, Capability capability) {
        exhausted(agent, capability).ifPresent(left -> {
            throw new AdmissionException.TooMany("tokens-exhausted", left.message(), left.retryAfter());
        });
    }

    /** Empty while the agent has tokens left, or needs none. */
    Optional<Exhausted> exhausted(String agent, Capability capability) {
        var quota = capability.usesTokens() ? quota(agent) : OptionalLong.empty();
        return quota.isEmpty() ? Optional.empty() : exhausted(agent, quota.getAsLong());
    }

    private Optional<Exhausted> exhausted(String agent, long quota) {
        var ledger = ledgers.computeIfAbsent(agent, _ -> new Ledger());
        synchronized (ledger) {
            var now = clock.instant();
            if (!ledger.completeAt(now)) {
                ledger.clear(now);
                read(agent, ledger, now);
                ledger.complete = true;
                // That can take long.
                now = clock.instant();
            }
            long used = ledger.sum(now);
            if (used < quota) {
                return Optional.empty();
            }
            return Optional.of(new Exhausted(
                    "agent " + agent + " has used " + used + " tokens within 24 hours, and may use " + quota
                            + " (agents." + agent + ".tokens_per_day)",
                    Duration.between(now, ledger.freeAt(now, quota))));
        }
    }

    /** A job has ended. */
    void ended(JobView job) {
        var ledger = ledgers.get(job.submission().agent());
        if (ledger == null
                || job.endedAt() == null
                || !usesTokens(job.submission().capability())) {
            return;
        }
        synchronized (ledger) {
            if (ledger.complete && !ledger.read.remove(job.id())) {
                ledger.add(job.endedAt(), tokens(job));
            }
        }
    }

    private OptionalLong quota(String agent) {
        return terms.grants(agent).map(AgentGrants::tokensPerDay).orElse(OptionalLong.empty());
    }

    private boolean usesTokens(String capability) {
        return capabilities.find(capability).map(Capability::usesTokens).orElse(false);
    }

    private void read(String agent, Ledger ledger, Instant now) {
        // What ended within the window may have been submitted before it.
        var oldest = now.minus(WINDOW).minus(SLACK).minus(JobSettings.LONGEST);
        var before = OptionalLong.empty();
        int old = 0;
        do {
            // Of all agents: the newest first, so that little of what is too old to matter is looked through.
            var page = journal.list(JobQuery.all(), before, PAGE);
            for (var job : page.jobs()) {
                old = job.submittedAt().isBefore(oldest) ? old + 1 : 0;
                if (old > OLD_ONES) {
                    return;
                }
                if (job.endedAt() != null && job.agent().equals(agent) && usesTokens(job.capability())) {
                    add(ledger, job.jobId(), job.endedAt(), now);
                }
            }
            before = page.next();
        } while (before.isPresent());
    }

    private void add(Ledger ledger, String id, Instant endedAt, Instant now) {
        journal.find(id).map(JobView::of).ifPresent(view -> ledger.add(endedAt, tokens(view)));
        if (endedAt.isAfter(now.minus(TELLING))) {
            ledger.read.add(id);
        }
    }

    /** What the engine counted; of what it did not count, what its length suggests. */
    private static long tokens(JobView job) {
        var result = job.result();
        boolean asked = switch (job.state()) {
            case TIMED_OUT, CANCELLED, INTERRUPTED -> job.startedAt() != null;
            // A rehearsal completes, too, without an answer's end.
            case COMPLETED -> result != null && result.has("finish_reason");
            case FAILED ->
                answered(result) > 0
                        || (job.error() != null && BEGUN.contains(job.error().type()));
            case SUBMITTED, STARTED, ROLLED_BACK -> false;
        };
        return counted(result, "input_tokens", asked ? length(job.submission().arguments()) : 0)
                + counted(result, "output_tokens", asked ? answered(result) : 0);
    }

    private static long counted(@Nullable JsonNode result, String name, long characters) {
        long count = result == null ? -1 : result.path(name).asLong(-1);
        // What a service said may be anything; one more would be too much to be true.
        return count >= 0 && count <= MOST_TOKENS ? count : characters / CHARACTERS_OF_A_TOKEN;
    }

    /** Of what the model said: all else in a result, such as the fence's report, is the service's own. */
    private static long answered(@Nullable JsonNode result) {
        return result == null ? 0 : length(result.path("text")) + length(result.path("tool_calls"));
    }

    /** Of all texts in it, and of tokens that stand for some; what is kept as a hash says its length beside it. */
    private static long length(JsonNode json) {
        if (json.isTextual()) {
            return json.textValue().length();
        }
        if (Kept.isDigest(json)) {
            return Math.clamp(json.path(Kept.BYTES).asLong(), 0, MOST_TOKENS);
        }
        long sum = 0;
        for (var child : json) {
            sum += json.isArray() && child.isNumber() ? CHARACTERS_OF_A_TOKEN : length(child);
        }
        return sum;
    }
}
