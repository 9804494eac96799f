package dev.ringfence.api.session;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * A named group of an agent's jobs.
 *
 * @param agent whose it is
 * @param id its name, which is the agent's own
 * @param number counts the sessions of all agents, in the order of their making
 * @param closedAt since when it takes no more jobs, if it does not
 */
public record Session(String agent, String id, long number, Instant createdAt, Optional<Instant> closedAt) {
    public Session {
        createdAt = createdAt.truncatedTo(ChronoUnit.MILLIS);
        closedAt = closedAt.map(at -> at.truncatedTo(ChronoUnit.MILLIS));
    }

    /** Whether it takes jobs. */
    public boolean open() {
        return closedAt.isEmpty();
    }

    Session closed(Instant at) {
        return open() ? new Session(agent, id, number, createdAt, Optional.of(at)) : this;
    }

    ObjectNode stored() {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("agent", agent)
                .put("id", id)
                .put("number", number)
                .put("created_at_ms", createdAt.toEpochMilli());
        closedAt.ifPresent(at -> json.put("closed_at_ms", at.toEpochMilli()));
        return json;
    }

    static Session of(JsonNode stored) {
        return new Session(
                stored.required("agent").textValue(),
                stored.required("id").textValue(),
                stored.required("number").longValue(),
                Instant.ofEpochMilli(stored.required("created_at_ms").longValue()),
                Optional.ofNullable(stored.get("closed_at_ms")).map(at -> Instant.ofEpochMilli(at.longValue())));
    }
}
