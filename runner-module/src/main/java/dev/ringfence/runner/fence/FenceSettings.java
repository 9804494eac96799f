package dev.ringfence.runner.fence;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What an operator may set about fences.
 *
 * @param instance names this service among others on the host, the same after a restart: what an earlier life left
 *     behind is found by it; letters and digits
 * @param bubblewrap the program, or empty to look for it in {@code /usr/bin} and {@code /usr/local/bin}
 * @param firstUser where the range of users for jobs begins, when the service runs as root
 * @param grace between the polite signal and the kill
 */
public record FenceSettings(String instance, Optional<Path> bubblewrap, int firstUser, Duration grace) {
    /** How many users the range has, and so how many fences there can be at a time. */
    public static final int USERS = 4096;

    public FenceSettings {
        Objects.requireNonNull(bubblewrap);
        Objects.requireNonNull(grace);
        if (!instance.matches("[A-Za-z0-9]{1,32}")) {
            throw new IllegalArgumentException("not a name for an instance: " + instance);
        }
        if (firstUser < 1000) {
            throw new IllegalArgumentException("users below 1000 belong to the system: " + firstUser);
        }
    }

    /** Defaults for an instance. */
    public static FenceSettings of(String instance) {
        return new FenceSettings(instance, Optional.empty(), 200_000, Duration.ofMillis(500));
    }
}
