package dev.ringfence.api.journal;

import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JournalRecord;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which events someone wants to see; null means any. An event knows its job only, so for an agent's or a session's events
 * the submissions are remembered that match: the newest of them, as many as can be live at a time. Not for several
 * threads.
 */
public final class EventFilter {
    /** Far more than a service can have live at a time. */
    private static final int REMEMBERED = 100_000;

    private final @Nullable String job;
    private final @Nullable String agent;
    private final @Nullable String session;
    private final Set<String> types;
    private final @Nullable Instant since;
    private final @Nullable Instant until;
    private final Map<String, Boolean> matching = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    };

    /**
     * @param types empty for all
     * @param since at this time or later
     * @param until before this time
     */
    public EventFilter(
            @Nullable String job,
            @Nullable String agent,
            @Nullable String session,
            Set<String> types,
            @Nullable Instant since,
            @Nullable Instant until) {
        this.job = job;
        this.agent = agent;
        this.session = session;
        this.types = Set.copyOf(types);
        this.since = since;
        this.until = until;
    }

    /** What is wrong with the types that someone names: no event would ever be of one that does not exist. */
    public static Optional<String> problem(Collection<String> types) {
        return types.stream()
                .filter(type -> !JobEvent.TYPES.contains(type))
                .findFirst()
                .map(type -> "it must be one of " + JobEvent.TYPES + ", not " + type);
    }

    /** Whether the next event matches; to be asked for each, in order. */
    public boolean matches(JournalRecord entry) {
        var event = entry.event();
        return ofWhom(event)
                && (job == null || job.equals(event.jobId()))
                && (types.isEmpty() || types.contains(event.type()))
                && (since == null || !event.at().isBefore(since))
                && (until == null || event.at().isBefore(until));
    }

    private boolean ofWhom(JobEvent event) {
        if (agent == null && session == null) {
            return true;
        }
        if (event instanceof JobEvent.Submitted submitted
                && (agent == null || agent.equals(submitted.agent()))
                && (session == null || session.equals(submitted.session()))) {
            matching.put(event.jobId(), true);
        }
        return matching.containsKey(event.jobId());
    }
}
