package dev.ringfence.api.journal;

import dev.ringfence.wal.journal.Audited;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobSummary;
import dev.ringfence.wal.journal.JournalEvent;
import dev.ringfence.wal.journal.JournalRecord;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which events someone wants to see; null means any. A job's event knows its job only, so for an agent's or a session's events
 * the submissions that come by are remembered, and a job whose submission did not come by is looked up. Not for several
 * threads.
 */
public final class EventFilter {
    /** Of so many jobs it is known whose they are; far more than a service can have live at a time. */
    public static final int REMEMBERED = 100_000;

    private final @Nullable String job;
    private final @Nullable String agent;
    private final @Nullable String session;
    private final Set<String> types;
    private final @Nullable Instant since;
    private final @Nullable Instant until;
    private final Function<String, Optional<JobSummary>> jobs;
    private final Set<String> matching = newest();
    private final Set<String> others = newest();

    /**
     * @param types empty for all
     * @param since at this time or later
     * @param until before this time
     * @param jobs looks up a job by its id, when it was submitted before the first event that is asked about; empty if
     *     there is none
     */
    public EventFilter(
            @Nullable String job,
            @Nullable String agent,
            @Nullable String session,
            Set<String> types,
            @Nullable Instant since,
            @Nullable Instant until,
            Function<String, Optional<JobSummary>> jobs) {
        this.job = job;
        this.agent = agent;
        this.session = session;
        this.types = Set.copyOf(types);
        this.since = since;
        this.until = until;
        this.jobs = jobs;
    }

    /** What is wrong with the types that someone names: no event would ever be of one that does not exist. */
    public static Optional<String> problem(Collection<String> types) {
        return types.stream()
                .filter(type -> !JournalEvent.TYPES.contains(type))
                .findFirst()
                .map(type -> "it must be one of " + JournalEvent.TYPES + ", not " + type);
    }

    private static Set<String> newest() {
        return Collections.newSetFromMap(new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                return size() > REMEMBERED;
            }
        });
    }

    /** Whether the next event matches; to be asked for each, in order. Reads files where it looks up a job. */
    public boolean matches(JournalRecord entry) {
        var event = entry.event();
        if (ofSome() && event instanceof JobEvent.Submitted submitted) {
            remember(submitted.jobId(), isWanted(submitted.agent(), submitted.session()));
        }
        return (types.isEmpty() || types.contains(event.type()))
                && (since == null || !event.at().isBefore(since))
                && (until == null || event.at().isBefore(until))
                && switch (event) {
                    case JobEvent ofJob ->
                        (job == null || job.equals(ofJob.jobId())) && (!ofSome() || isWanted(ofJob.jobId()));
                    // What was done to a job is among its events, and what was done to a session among that one's.
                    case Audited act ->
                        (job == null || job.equals(act.target()))
                                && (agent == null || agent.equals(act.agent()))
                                && (session == null || session.equals(act.target()));
                };
    }

    private boolean ofSome() {
        return agent != null || session != null;
    }

    private boolean isWanted(String id) {
        if (matching.contains(id)) {
            return true;
        }
        if (others.contains(id)) {
            return false;
        }
        return remember(
                id,
                jobs.apply(id)
                        .filter(found -> isWanted(found.agent(), found.session()))
                        .isPresent());
    }

    private boolean isWanted(String itsAgent, @Nullable String itsSession) {
        return (agent == null || agent.equals(itsAgent)) && (session == null || session.equals(itsSession));
    }

    private boolean remember(String id, boolean wanted) {
        (wanted ? matching : others).add(id);
        return wanted;
    }
}
