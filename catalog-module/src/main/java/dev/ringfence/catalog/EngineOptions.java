package dev.ringfence.catalog;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How this host's engine serves a model; null means as the service is set up.
 *
 * @param pinned whether it is started with the service, and neither stopped when idle nor for another model's sake
 * @param contextTokens of prompt and answer together, for each request
 * @param slots requests that it answers at the same time
 * @param sandboxProfile what it may use; without it the catalog's default profile
 */
public record EngineOptions(
        boolean pinned,
        @Nullable Integer contextTokens,
        @Nullable Integer slots,
        @Nullable String sandboxProfile) {
    public static final EngineOptions DEFAULT = new EngineOptions(false, null, null, null);

    /** What they are in a catalog that says nothing else. */
    public static final int DEFAULT_CONTEXT_TOKENS = 4096;

    /** What they are in a catalog that says nothing else. */
    public static final int DEFAULT_SLOTS = 4;

    /** Tokens of all slots together, for a model with that limit of its own; zero means that its limit is not known. */
    long tokens(long modelLimit) {
        return (long) slotsOrDefault() * contextFor(modelLimit);
    }

    /** Tokens of one request, for a model with that limit of its own; zero means that its limit is not known. */
    public int contextFor(long modelLimit) {
        int asked = Objects.requireNonNullElse(contextTokens, DEFAULT_CONTEXT_TOKENS);
        return modelLimit > 0 ? (int) Math.min(asked, modelLimit) : asked;
    }

    /** As given, or the default. */
    int slotsOrDefault() {
        return Objects.requireNonNullElse(slots, DEFAULT_SLOTS);
    }
}
