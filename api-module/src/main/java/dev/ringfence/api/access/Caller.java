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

    public Caller {
        Objects.requireNonNull(agent);
        Objects.requireNonNull(credential);
    }

    /** Whether it may see what belongs to an agent. */
    public boolean maySee(String owner) {
        return admin || agent.map(owner::equals).orElse(false);
    }
}
