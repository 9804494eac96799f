package dev.ringfence.api.access;

import java.util.Objects;
import java.util.Optional;

/**
 * Who asks, as far as it is proven.
 *
 * @param agent the name its jobs go by; empty when nobody has to prove anything, and a request may name any agent
 * @param admin whether it may see and do everything
 * @param credential by which it is known in the journal, never a secret: {@code key:} and the key's id, or {@code token:}
 *     and whom the token names; empty when nobody has to prove anything
 */
public record Caller(Optional<String> agent, boolean admin, Optional<String> credential) {
    /** Anyone on this host, while no key exists. */
    public static final Caller OPEN = new Caller(Optional.empty(), true, Optional.empty());

    /** The agent of those who have to prove nothing and name none. */
    public static final String ANONYMOUS = "anonymous";

    public Caller {
        Objects.requireNonNull(agent);
        Objects.requireNonNull(credential);
    }

    /** Whether it may see what belongs to an agent. */
    public boolean maySee(String owner) {
        return admin || agent.map(owner::equals).orElse(false);
    }

    /**
     * The agent in whose name it asks: the one that it named, or else its own.
     *
     * @param asked the agent that it named, if it named one
     * @param where it was named, for the message
     * @throws AccessException.Forbidden when it may not ask in that agent's name
     */
    public String actingAs(Optional<String> asked, String where) {
        if (asked.isPresent() && !maySee(asked.get())) {
            var own = agent.orElse("");
            throw new AccessException.Forbidden(where + " is \"" + asked.get() + "\", and the key is of \"" + own
                    + "\": name \"" + own + "\", or send an administrator's key");
        }
        return asked.or(() -> agent).orElse(ANONYMOUS);
    }
}
