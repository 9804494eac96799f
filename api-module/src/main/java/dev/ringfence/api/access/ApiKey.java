package dev.ringfence.api.access;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * A key as it is kept: its secret is not in it.
 *
 * @param id the public part, which a key begins with
 * @param agent whose it is
 * @param admin whether it may see and do everything
 * @param note the operator's own words
 * @param expiresAt from when on it is refused; empty for never
 * @param revokedAt since when it is refused; empty while it holds
 */
public record ApiKey(
        String id,
        String agent,
        boolean admin,
        String note,
        Instant createdAt,
        Optional<Instant> expiresAt,
        Optional<Instant> revokedAt) {
    public ApiKey {
        Objects.requireNonNull(id);
        Objects.requireNonNull(agent);
        Objects.requireNonNull(note);
        Objects.requireNonNull(createdAt);
        Objects.requireNonNull(expiresAt);
        Objects.requireNonNull(revokedAt);
    }

    /** Whether it opens anything at that time. */
    public boolean holds(Instant now) {
        return revokedAt.isEmpty() && expiresAt.map(now::isBefore).orElse(true);
    }
}
