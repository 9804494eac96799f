package dev.ringfence.catalog;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a model must be and fit into, to be selected.
 *
 * @param capabilities all of these
 * @param maxMemory null means any
 * @param agent who asks; null asks about the whole catalog
 */
public record Requirements(
        Set<ModelCapability> capabilities,
        @Nullable DataSize maxMemory,
        @Nullable String agent) {
    public Requirements {
        capabilities = Set.copyOf(capabilities);
    }
}
