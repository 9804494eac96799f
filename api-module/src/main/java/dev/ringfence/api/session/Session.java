package dev.ringfence.api.session;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.journal.JobQuery;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A named group of an agent's jobs.
 *
 * @param agent whose it is
 * @param id its name, which is the agent's own
 * @param number counts the sessions of all agents, in the order of their making
 * @param after the newest event of the journal when it was made: its jobs come behind that, and those of an earlier
 *     session of its name do not. Empty of one that an earlier version made
 * @param closedAt since when it takes no more jobs, if it does not
 */
public record Session(
        String agent, String id, long number, Instant createdAt, OptionalLong after, Optional<Instant> closedAt) {
    public Session {
        createdAt = createdAt.truncatedTo(ChronoUnit.MILLIS);
        closedAt = closedAt.map(at -> at.truncatedTo(ChronoUnit.MILLIS));
    }

    /** Whether it takes jobs. */
    public boolean open() {
        return closedAt.isEmpty();
    }

    Session closed(Instant at) {
        return open() ? new Session(agent, id, number, createdAt, after, Optional.of(at)) : this;
    }

    /** The same in a journal that has no more events than so many: a repair cut them off, or another one was begun. */
    Session within(long newestEvent) {
        return after.isEmpty() || after.getAsLong() <= newestEvent
                ? this
                : new Session(agent, id, number, createdAt, OptionalLong.of(newestEvent), closedAt);
    }

    /**
     * Its jobs, and not those of an earlier session of its name.
     *
     * @param state null for any
     * @param capability null for any
     */
    public JobQuery jobs(@Nullable String state, @Nullable String capability) {
        return after.isPresent()
                ? new JobQuery(agent, id, state, capability, null, null, after.getAsLong())
                : new JobQuery(agent, id, state, capability, createdAt, null);
    }

    ObjectNode stored() {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("agent", agent)
                .put("id", id)
                .put("number", number)
                .put("created_at_ms", createdAt.toEpochMilli());
        after.ifPresent(event -> json.put("after", event));
        closedAt.ifPresent(at -> json.put("closed_at_ms", at.toEpochMilli()));
        return json;
    }

    static Session of(JsonNode stored) {
        return new Session(
                stored.required("agent").textValue(),
                stored.required("id").textValue(),
                stored.required("number").longValue(),
                Instant.ofEpochMilli(stored.required("created_at_ms").longValue()),
                stored.has("after") ? OptionalLong.of(stored.get("after").longValue()) : OptionalLong.empty(),
                Optional.ofNullable(stored.get("closed_at_ms")).map(at -> Instant.ofEpochMilli(at.longValue())));
    }
}
