package dev.ringfence.catalog;

import java.util.Objects;

/**
 * One thing that is wrong with a catalog file.
 *
 * @param key the exact key, such as {@code slm.sandbox_profiles.fast.resources.max_memory_mb}; empty for the whole file
 * @param value what is there, shortened; empty when nothing is
 * @param message what is wrong with it and what to do
 */
public record Problem(String key, String value, String message) {
    public Problem {
        Objects.requireNonNull(key);
        Objects.requireNonNull(value);
        Objects.requireNonNull(message);
    }

    @Override
    public String toString() {
        if (key.isEmpty()) {
            return message;
        }
        return value.isEmpty() ? key + ": " + message : key + " = " + value + ": " + message;
    }
}
